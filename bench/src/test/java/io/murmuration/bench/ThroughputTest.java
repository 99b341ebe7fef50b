package io.murmuration.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.model.ModelSpec;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class ThroughputTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void one_json_object_tells_what_was_measured() throws Exception {
        assertThat(execute("throughput", "--model=nano", "--steps=3", "--warmup=1", "--backend=java", "--json"))
                .isZero();
        JsonNode report = new JsonMapper().readTree(out.toString());
        assertThat(out.toString().strip().lines()).hasSize(1);
        assertThat(report.path("model").asText()).isEqualTo("nano");
        assertThat(report.path("backend").asText()).isEqualTo("java");
        assertThat(report.path("steps").asInt()).isEqualTo(3);
        assertThat(report.path("tokensPerSecond").asDouble()).isPositive();
        assertThat(report.path("medianStepMillis").asDouble())
                .isGreaterThanOrEqualTo(report.path("fastestStepMillis").asDouble());
        assertThat(report.path("loss").asDouble()).isBetween(4.0, 6.5);
        assertThat(report.path("peakRssBytes").isNumber()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "--model=huge, --model must be one of base",
        "--threads=3, --threads must divide the batch of 8 sequences",
        "--microbatch=3, --microbatch must divide a thread's share of 4 sequences",
        "--steps=0, --steps must be at least 1",
        "--backend=cuda, --backend must be one of nd4j"
    })
    void bad_options_are_refused_with_exit_code_2(String option, String message) {
        assertThat(execute("throughput", option)).isEqualTo(CommandLine.ExitCode.USAGE);
        assertThat(err.toString()).startsWith(message);
    }

    @Test
    void it_really_trains() {
        try (ThroughputRun run = new ThroughputRun(settings(2, 1))) {
            double first = run.step();
            double last = first;
            for (int i = 0; i < 60; i++) {
                last = run.step();
            }
            assertThat(first).isBetween(5.4, 5.7);
            assertThat(last).isLessThan(first - 0.3);
        }
    }

    @Test
    void the_partition_into_threads_and_microbatches_hardly_changes_the_loss() {
        double[] losses = new double[3];
        int[][] partitions = {{1, 4}, {2, 2}, {2, 1}};
        for (int i = 0; i < partitions.length; i++) {
            try (ThroughputRun run = new ThroughputRun(settings(partitions[i][0], partitions[i][1]))) {
                for (int step = 0; step < 5; step++) {
                    losses[i] = run.step();
                }
            }
        }
        // Only the order of fp32 sums differs.
        assertThat(losses[1]).isCloseTo(losses[0], offset(1e-4));
        assertThat(losses[2]).isCloseTo(losses[0], offset(1e-4));
    }

    private static ThroughputRun.Settings settings(int threads, int microbatch) {
        return new ThroughputRun.Settings(
                "nano", ModelSpec.NANO, Backends.byName("nd4j"), 4, microbatch, threads, 1, 0);
    }

    private int execute(String... arguments) {
        return BenchCommand.commandLine(Surroundings.ofProcess(Terminal.plain(System.out, System.err), Map.of()))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
