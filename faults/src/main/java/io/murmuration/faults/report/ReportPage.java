package io.murmuration.faults.report;

import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.Words;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;

/**
 * A report as one page that needs nothing else: tables are in it as text, charts are drawn by uPlot, which is in it too. The
 * template is {@code report.html}, its style and script lie beside it.
 */
final class ReportPage {

    private static final String UPLOT_PROPERTIES = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";
    private static final String UPLOT = "/META-INF/resources/webjars/uplot/";

    private ReportPage() {}

    static String of(ScenarioReport report) {
        String uplot = UPLOT + uplotVersion();
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put("title", Html.escape(report.about().name()));
        parts.put("uplot-style", resource(uplot + "/dist/uPlot.min.css"));
        parts.put("uplot-license", resource(uplot + "/LICENSE"));
        parts.put("uplot-script", resource(uplot + "/dist/uPlot.iife.min.js"));
        parts.put("style", resource("report.css"));
        parts.put("script", resource("report.js"));
        parts.put("data", Html.script(ReportJson.write(ChartData.of(report), false)));
        parts.put("head", head(report));
        parts.put("verdicts", VerdictTables.of(report.judgement()));
        parts.put("loss-says", Html.escape(Captions.loss(report)));
        parts.put("throughput-says", Html.escape(Captions.throughput(report)));
        parts.put("members-says", Html.escape(Captions.members(report)));
        parts.put("faults", FaultTable.of(report.faults()));
        parts.put("work", WorkTables.work(report));
        parts.put("links", WorkTables.links(report.links()));
        parts.put("staleness", WorkTables.staleness(report.staleness()));
        parts.put("detections", report.detections().map(WorkTables::detections).orElse(""));
        parts.put("notes", notes(report));
        return Html.fill(resource("report.html"), parts);
    }

    private static String head(ScenarioReport report) {
        ScenarioReport.About about = report.about();
        Verdict verdict = report.judgement().verdict();
        StringBuilder html = new StringBuilder();
        html.append("<p class=\"verdict ")
                .append(Words.of(verdict))
                .append("\">")
                .append(Words.of(verdict))
                .append("</p>\n<h1>")
                .append(Html.escape(about.name()))
                .append("</h1>\n");
        if (!about.question().isEmpty()) {
            html.append("<p class=\"question\">")
                    .append(Html.escape(about.question()))
                    .append("</p>\n");
        }
        html.append("<dl class=\"facts\">");
        fact(html, "seed", String.valueOf(about.seed()));
        fact(
                html,
                "length",
                Numbers.time(about.seconds()) + (report.simulated().isPresent() ? " of virtual time" : ""));
        fact(html, "steps", Numbers.count(report.run().steps().size()));
        fact(html, "compute", about.compute());
        html.append("</dl>\n<p class=\"replay\"><span>Run it again:</span> <code>")
                .append(Html.escape(about.replay()))
                .append("</code></p>\n");
        return html.toString();
    }

    private static void fact(StringBuilder html, String name, String value) {
        html.append("<div><dt>")
                .append(name)
                .append("</dt><dd>")
                .append(Html.escape(value))
                .append("</dd></div>");
    }

    private static String notes(ScenarioReport report) {
        StringBuilder html = new StringBuilder();
        if (!report.about().notes().isEmpty()) {
            html.append("<h2>Notes</h2>\n<ul>\n");
            report.about().notes().forEach(note -> html.append("<li>")
                    .append(Html.escape(note))
                    .append("</li>\n"));
            html.append("</ul>\n");
        }
        report.historyHash().ifPresent(hash -> html.append("<p>History hash: <code class=\"hash\">")
                .append(Html.escape(hash))
                .append("</code></p>\n"));
        return html.toString();
    }

    private static String uplotVersion() {
        Properties properties = new Properties();
        try (InputStream in = open(UPLOT_PROPERTIES)) {
            properties.load(in);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read " + UPLOT_PROPERTIES, e);
        }
        return properties.getProperty("version");
    }

    private static String resource(String name) {
        try (InputStream in = open(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read " + name + " on the class path", e);
        }
    }

    private static InputStream open(String name) {
        InputStream in = ReportPage.class.getResourceAsStream(name);
        if (in == null) {
            throw new IllegalStateException(name + " is not on the class path");
        }
        return in;
    }
}
