package io.murmuration.faults.report;

import java.util.List;

/** What befell the run, numbered as in the charts. */
final class FaultTable {

    /** Longer lists of nodes are cut; the file has them all. */
    private static final int MOST_NODES = 12;

    private FaultTable() {}

    static String of(List<ScenarioReport.Fault> faults) {
        if (faults.isEmpty()) {
            return "<p>Nothing befell this run.</p>\n";
        }
        StringBuilder html = new StringBuilder();
        html.append("<div class=\"scroll\"><table class=\"stack\"><thead><tr><th scope=\"col\">Fault</th>")
                .append("<th scope=\"col\">From</th><th scope=\"col\">Until</th>")
                .append("<th scope=\"col\">Time to recover</th></tr></thead><tbody>\n");
        int number = 0;
        for (ScenarioReport.Fault fault : faults) {
            number++;
            html.append("<tr><th scope=\"row\"><span class=\"number\">")
                    .append(number)
                    .append("</span> ")
                    .append(Html.escape(fault.what()))
                    .append("<small>")
                    .append(Html.escape(nodes(fault.nodes())))
                    .append("</small></th><td data-label=\"From\"><span>")
                    .append(Numbers.time(fault.from()))
                    .append("</span></td><td data-label=\"Until\"><span>")
                    .append(until(fault))
                    .append("</span></td><td data-label=\"Time to recover\"><span>")
                    .append(recovery(fault))
                    .append("</span></td></tr>\n");
        }
        return html.append("</tbody></table></div>\n").toString();
    }

    private static String nodes(List<String> nodes) {
        return nodes.size() <= MOST_NODES
                ? String.join(", ", nodes)
                : String.join(", ", nodes.subList(0, MOST_NODES)) + " and " + (nodes.size() - MOST_NODES) + " more";
    }

    private static String until(ScenarioReport.Fault fault) {
        return fault.until().map(Numbers::time).orElse(fault.lasting() ? "the end" : "a moment");
    }

    private static String recovery(ScenarioReport.Fault fault) {
        return fault.tookMembers()
                ? fault.recovery().map(Numbers::time).orElse("never")
                : "<span class=\"quiet\">nobody was lost</span>";
    }
}
