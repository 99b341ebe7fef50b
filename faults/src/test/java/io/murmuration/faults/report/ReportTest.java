package io.murmuration.faults.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

    @TempDir
    private Path folder;

    private String page(ScenarioReport report) throws IOException {
        ReportFiles.write(report, folder);
        return Files.readString(folder.resolve(ReportFiles.HTML));
    }

    @Test
    void the_json_says_everything_with_its_numbers() throws IOException {
        ReportFiles.write(ExampleReport.of(), folder);
        JsonNode json =
                new JsonMapper().readTree(folder.resolve(ReportFiles.JSON).toFile());

        assertThat(json.get("verdict").asText()).isEqualTo("failed");
        assertThat(json.get("seed").asLong()).isEqualTo(42);
        assertThat(json.get("replay").asText()).endsWith("--seed 42");
        assertThat(json.get("bounds").get(5).toString())
                .isEqualTo(
                        "{\"measure\":\"wasted-work\",\"demanded\":\"< 0.1\",\"implied\":false,\"measured\":\"0.1271\","
                                + "\"verdict\":\"failed\"}");
        assertThat(json.get("bounds").get(6).get("measured").isNull()).isTrue();
        assertThat(json.get("bounds").get(6).get("verdict").asText()).isEqualTo("unknown");
        assertThat(json.get("violations").get(0).get("counterexample").asText()).contains("index 7");
        assertThat(json.get("run").get("steps").size())
                .isEqualTo(ExampleReport.of().run().steps().size());
        assertThat(json.get("control").get("work").get("wasted").asDouble()).isCloseTo(0.125, within(0.001));
        assertThat(json.get("faults").get(3).get("recovery").isNull()).isTrue();
        assertThat(json.get("links").size()).isEqualTo(24);
        assertThat(json.get("staleness").isNull()).isTrue();
    }

    @Test
    void the_same_report_is_the_same_bytes() throws IOException {
        String first = page(ExampleReport.of());
        assertThat(page(ExampleReport.of())).isEqualTo(first);
    }

    @Test
    void the_page_needs_no_network_and_names_no_machine() throws IOException {
        String page = page(ExampleReport.of());
        // Only words of licences and comments may look like addresses; nothing is loaded.
        assertThat(page)
                .doesNotContainPattern(Pattern.compile("(src|href)\\s*=|@import|url\\(|fetch\\(|XMLHttpRequest"));
        assertThat(page).contains("Copyright").contains("var uPlot=");
        assertThat(page).doesNotContain(System.getProperty("user.dir"));
        assertThat(page.length()).isLessThan(300_000);
    }

    @Test
    void text_of_others_stays_text() throws IOException {
        String page = page(ExampleReport.of());
        assertThat(page).doesNotContain("<script>alert").doesNotContain("<b>\"quoted\"");
        assertThat(page).contains("&lt;/script&gt;&lt;script&gt;alert(&#39;x&#39;)");
        // One data block, uPlot and our script: nothing ended one of them early.
        assertThat(Pattern.compile("<script").matcher(page).results().count()).isEqualTo(3);
        assertThat(Pattern.compile("</script").matcher(page).results().count()).isEqualTo(3);
    }

    @Test
    void what_was_not_measured_is_said() throws IOException {
        String page = page(ExampleReport.of(Optional.empty(), List.of()));
        assertThat(page)
                .contains("Not measured: synchronous run")
                .contains("There is no control")
                .contains("not measured")
                .doesNotContain("Counterexamples")
                .doesNotContain("<h2>Adversaries</h2>");
    }

    @Test
    void adversaries_have_their_section_where_there_are_some() throws IOException {
        ScenarioReport plain = ExampleReport.of();
        ScenarioReport report = new ScenarioReport(
                plain.about(),
                plain.judgement(),
                plain.run(),
                plain.control(),
                plain.faults(),
                plain.links(),
                Optional.of(new ScenarioReport.Staleness(1.5, 3, 4)),
                Optional.of(new ScenarioReport.Detections(3, 2, 1, 0.042)),
                plain.simulated());
        assertThat(page(report))
                .contains("<h2>Adversaries</h2>")
                .contains("2 of 3")
                .contains("4.2 %")
                .contains("1.50 versions old");
    }

    @Test
    void an_empty_run_has_a_page_too() throws IOException {
        ScenarioReport plain = ExampleReport.of();
        ScenarioReport.Curves nothing =
                new ScenarioReport.Curves(List.of(), List.of(), new ScenarioReport.Work(0, 0, 0));
        ScenarioReport report = new ScenarioReport(
                plain.about(),
                plain.judgement(),
                nothing,
                Optional.empty(),
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        assertThat(page(report))
                .contains("No step was committed")
                .contains("No bytes were sent")
                .contains("Nothing befell this run")
                .contains("No loss was computed");
    }

    @Test
    void throughput_keeps_every_token_and_spreads_a_long_step() {
        List<ScenarioReport.Step> steps =
                List.of(new ScenarioReport.Step(10, 1, 1000, 3), new ScenarioReport.Step(70, 2, 4000, 3));
        List<Throughput.Point> points = Throughput.of(steps, 120);
        assertThat(points).hasSize(120);
        assertThat(points.stream()
                        .mapToDouble(Throughput.Point::tokensPerSecond)
                        .sum())
                .isCloseTo(4000, within(1e-6));
        assertThat(points.get(5).tokensPerSecond()).isCloseTo(100, within(1e-6));
        assertThat(points.get(40).tokensPerSecond()).isCloseTo(50, within(1e-6));
        assertThat(points.get(100).tokensPerSecond()).isZero();
    }

    /** For eyes: open {@code target/example-report/report.html} in a browser. */
    @Test
    void an_example_lies_in_the_build_folder() {
        Path example = Path.of("target", "example-report");
        ReportFiles.write(ExampleReport.of(), example);
        assertThat(example.resolve(ReportFiles.HTML)).isNotEmptyFile();
    }
}
