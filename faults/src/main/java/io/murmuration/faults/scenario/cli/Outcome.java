package io.murmuration.faults.scenario.cli;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Words;
import java.io.PrintStream;

/** What is printed about a run: verdict, each bound with its value, counterexamples, seed and how to run it again. */
final class Outcome {

    private Outcome() {}

    static void print(PrintStream out, ScenarioReport report) {
        Judgement judgement = report.judgement();
        out.println(Words.of(judgement.verdict()) + "  " + report.about().name());
        int width = judgement.bounds().stream()
                .mapToInt(each -> each.bound().measure().key().length())
                .max()
                .orElse(0);
        for (Judgement.OnBound each : judgement.bounds()) {
            out.println("  " + padded(Words.of(each.verdict()), 9)
                    + padded(each.bound().measure().key(), width + 2)
                    + each.value().map(value -> each.bound().text(value)).orElse("not measured") + " (demanded "
                    + each.bound().text() + ")");
        }
        for (Judgement.Violation violation : judgement.violations()) {
            out.println("  counterexample of " + violation.checker() + " at " + violation.seconds() + " s: "
                    + violation.counterexample().replaceAll("\\R", "\n    "));
        }
        report.about().notes().forEach(note -> out.println("note    " + note));
        report.historyHash().ifPresent(hash -> out.println("history " + hash));
        out.println("seed    " + report.about().seed());
        out.println("replay  " + report.about().replay());
    }

    static String padded(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }
}
