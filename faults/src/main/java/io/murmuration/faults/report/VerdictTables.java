package io.murmuration.faults.report;

import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Words;
import java.util.Locale;

/** What was demanded, what came, and the counterexamples of checkers. */
final class VerdictTables {

    /** More say no more; the file has them all. */
    private static final int MOST_VIOLATIONS = 20;

    private VerdictTables() {}

    static String of(Judgement judgement) {
        StringBuilder html = new StringBuilder();
        if (judgement.bounds().isEmpty()) {
            html.append("<p>Nothing was demanded.</p>\n");
        } else {
            bounds(html, judgement);
        }
        if (!judgement.violations().isEmpty()) {
            violations(html, judgement);
        }
        return html.toString();
    }

    private static void bounds(StringBuilder html, Judgement judgement) {
        html.append("<div class=\"scroll\"><table class=\"stack\"><thead><tr><th scope=\"col\">Measure</th>")
                .append("<th scope=\"col\">Demanded</th><th scope=\"col\">Measured</th>")
                .append("<th scope=\"col\">Verdict</th></tr></thead><tbody>\n");
        for (Judgement.OnBound each : judgement.bounds()) {
            String verdict = Words.of(each.verdict());
            html.append("<tr><th scope=\"row\">")
                    .append(Html.escape(each.bound().measure().key()))
                    .append("<small>")
                    .append(Html.escape(each.bound().measure().meaning()))
                    .append(each.bound().implied() ? " (demanded of every such scenario)" : "")
                    .append("</small></th><td data-label=\"Demanded\"><span>")
                    .append(Html.escape(each.bound().text()))
                    .append("</span></td><td data-label=\"Measured\"><span>")
                    .append(Html.escape(
                            each.value().map(value -> each.bound().text(value)).orElse("not measured")))
                    .append("</span></td><td data-label=\"Verdict\"><span class=\"mark ")
                    .append(verdict)
                    .append("\">")
                    .append(verdict)
                    .append("</span></td></tr>\n");
        }
        html.append("</tbody></table></div>\n");
    }

    private static void violations(StringBuilder html, Judgement judgement) {
        int all = judgement.violations().size();
        html.append("<h3>Counterexamples</h3>\n");
        judgement.violations().stream().limit(MOST_VIOLATIONS).forEach(violation -> html.append(
                        "<div class=\"counterexample\"><p><strong>")
                .append(Html.escape(violation.checker()))
                .append("</strong> at ")
                .append(String.format(Locale.ROOT, "%.6f s", violation.seconds()))
                .append("</p><pre>")
                .append(Html.escape(violation.counterexample()))
                .append("</pre></div>\n"));
        if (all > MOST_VIOLATIONS) {
            html.append("<p>")
                    .append(Numbers.count(all - MOST_VIOLATIONS))
                    .append(" more are in ")
                    .append(ReportFiles.JSON)
                    .append(".</p>\n");
        }
    }
}
