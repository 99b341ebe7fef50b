package io.murmuration.faults.report;

import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.Words;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A scenario simulated and in processes of this machine, side by side.
 *
 * @param rates what was fitted: the compute rate of each group, in words
 * @param rows what was measured in both
 * @param remarks why figures that are further apart may be
 */
public record Compared(
        ScenarioReport simulated, ScenarioReport sockets, List<String> rates, List<Row> rows, List<String> remarks) {

    /** So far apart may two figures be that count as equal. */
    public static final double CLOSE = 0.25;

    /**
     * One figure of both.
     *
     * @param demanded whether both are to be close
     */
    public record Row(String what, Optional<Double> simulated, Optional<Double> sockets, boolean demanded) {

        /** What was measured over sockets, divided by what was simulated. */
        public Optional<Double> ratio() {
            return simulated.isPresent() && sockets.isPresent() && simulated.get() > 0
                    ? Optional.of(sockets.get() / simulated.get())
                    : Optional.empty();
        }

        /** Whether it is within {@link #CLOSE} of what was simulated. */
        public boolean isClose() {
            return ratio().filter(ratio -> Math.abs(ratio - 1) <= CLOSE).isPresent();
        }

        private String text() {
            String close = !demanded || ratio().isEmpty() ? "" : isClose() ? "yes" : "no";
            return "| " + what + " | " + number(simulated) + " | " + number(sockets) + " | " + number(ratio()) + " | "
                    + close + " |";
        }

        private static String number(Optional<Double> value) {
            return value.map(
                            number -> String.format(Locale.ROOT, "%.3g", number).contains("e")
                                    ? String.format(Locale.ROOT, "%.0f", number)
                                    : String.format(Locale.ROOT, "%.3g", number))
                    .orElse("-");
        }
    }

    public Compared {
        rates = List.copyOf(rates);
        rows = List.copyOf(rows);
        remarks = List.copyOf(remarks);
    }

    /** Whether both were judged alike. */
    public boolean sameVerdict() {
        return verdict(simulated) == verdict(sockets);
    }

    private static Verdict verdict(ScenarioReport report) {
        return report.judgement().verdict();
    }

    /** As Markdown. */
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append("| ").append(simulated.about().name()).append(" | simulated | sockets | ratio | within 25 % |\n");
        text.append("|---|---|---|---|---|\n");
        text.append("| verdict | ")
                .append(Words.of(verdict(simulated)))
                .append(" | ")
                .append(Words.of(verdict(sockets)))
                .append(" | | ")
                .append(sameVerdict() ? "same" : "differs")
                .append(" |\n");
        rows.forEach(row -> text.append(row.text()).append('\n'));
        text.append("\nfitted: ").append(String.join("; ", rates)).append('\n');
        remarks.forEach(remark -> text.append("\n- ").append(remark).append('\n'));
        return text.toString();
    }
}
