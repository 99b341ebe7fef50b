package io.murmuration.faults.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** Work, bytes, staleness and detections. */
final class WorkTables {

    /** Links shown one by one, the busiest; the rest is summed. */
    private static final int MOST_LINKS = 12;

    private WorkTables() {}

    static String work(ScenarioReport report) {
        StringBuilder html = new StringBuilder();
        boolean control = report.control().isPresent();
        html.append("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Microbatch-stages</th>")
                .append("<th scope=\"col\" class=\"n\">Run</th>")
                .append(control ? "<th scope=\"col\" class=\"n\">Control</th>" : "")
                .append("</tr></thead><tbody>\n");
        row(html, report, "computed", work -> Numbers.count(work.computed()));
        row(html, report, "counted in committed steps", work -> Numbers.count(work.counted()));
        row(html, report, "replayed after a loss", work -> Numbers.count(work.replayed()));
        row(html, report, "computed for nothing", work -> Numbers.percent(work.wasted()));
        return html.append("</tbody></table></div>\n").toString();
    }

    private static void row(
            StringBuilder html, ScenarioReport report, String name, Function<ScenarioReport.Work, String> value) {
        html.append("<tr><th scope=\"row\">")
                .append(name)
                .append("</th><td class=\"n\">")
                .append(value.apply(report.run().work()))
                .append("</td>");
        report.control().ifPresent(control -> html.append("<td class=\"n\">")
                .append(value.apply(control.work()))
                .append("</td>"));
        html.append("</tr>\n");
    }

    static String links(List<ScenarioReport.LinkBytes> links) {
        if (links.isEmpty()) {
            return "<p>No bytes were sent.</p>\n";
        }
        List<ScenarioReport.LinkBytes> busiest = new ArrayList<>(links);
        busiest.sort(Comparator.comparingLong(ScenarioReport.LinkBytes::total)
                .reversed()
                .thenComparing(ScenarioReport.LinkBytes::from)
                .thenComparing(ScenarioReport.LinkBytes::to));
        long most = Math.max(1, busiest.getFirst().total());
        StringBuilder html = new StringBuilder();
        html.append("<div class=\"scroll\"><table class=\"links\"><thead><tr><th scope=\"col\">Link</th>")
                .append("<th scope=\"col\" class=\"bar\"><span class=\"hidden\">Share of the busiest</span></th>")
                .append("<th scope=\"col\" class=\"n\">Data</th><th scope=\"col\" class=\"n\">Control</th>")
                .append("</tr></thead><tbody>\n");
        busiest.stream().limit(MOST_LINKS).forEach(link -> link(html, link.from() + " → " + link.to(), link, most));
        if (busiest.size() > MOST_LINKS) {
            List<ScenarioReport.LinkBytes> rest = busiest.subList(MOST_LINKS, busiest.size());
            link(html, rest.size() + " others", sum(rest), most);
        }
        ScenarioReport.LinkBytes all = sum(links);
        html.append("</tbody><tfoot><tr><th scope=\"row\">all</th><td></td><td class=\"n\">")
                .append(Numbers.bytes(all.data()))
                .append("</td><td class=\"n\">")
                .append(Numbers.bytes(all.control()))
                .append("</td></tr></tfoot></table></div>\n");
        return html.toString();
    }

    private static void link(StringBuilder html, String name, ScenarioReport.LinkBytes bytes, long most) {
        // The sum of the others may be more than the busiest.
        double width = Math.min(100.0, 100.0 * bytes.total() / most);
        html.append("<tr><th scope=\"row\">")
                .append(Html.escape(name))
                .append("</th><td class=\"bar\"><div style=\"width:")
                .append(String.format(Locale.ROOT, "%.1f", width))
                .append("%\"></div></td><td class=\"n\">")
                .append(Numbers.bytes(bytes.data()))
                .append("</td><td class=\"n\">")
                .append(Numbers.bytes(bytes.control()))
                .append("</td></tr>\n");
    }

    private static ScenarioReport.LinkBytes sum(List<ScenarioReport.LinkBytes> links) {
        return new ScenarioReport.LinkBytes(
                "",
                "",
                links.stream().mapToLong(ScenarioReport.LinkBytes::control).sum(),
                links.stream().mapToLong(ScenarioReport.LinkBytes::data).sum());
    }

    static String staleness(Optional<ScenarioReport.Staleness> staleness) {
        return staleness
                .map(each -> String.format(
                        Locale.ROOT,
                        "<p>Gradients were computed with parameters %.2f versions old in the mean, %.0f or less in 99 of"
                                + " 100 cases, %d at most.</p>%n",
                        each.mean(),
                        each.p99(),
                        each.most()))
                .orElse("<p>Not measured: synchronous run. Every gradient is of the version that it changes.</p>\n");
    }

    static String detections(ScenarioReport.Detections found) {
        return "<section><h2>Adversaries</h2>\n<dl class=\"facts\"><div><dt>ejected</dt><dd>" + found.ejected() + " of "
                + found.adversaries() + "</dd></div><div><dt>honest ejected</dt><dd>" + found.honestEjected()
                + "</dd></div><div><dt>work of audits</dt><dd>" + Numbers.percent(found.auditOverhead())
                + "</dd></div></dl></section>\n";
    }
}
