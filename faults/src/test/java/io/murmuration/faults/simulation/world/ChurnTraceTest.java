package io.murmuration.faults.simulation.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.world.ChurnTrace.Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recorded comings and goings. */
final class ChurnTraceTest {

    private static ChurnTrace parse(String text) {
        return ChurnTrace.parse("churn.csv", Arrays.asList(text.split("\n")));
    }

    @Test
    void lines_become_events_at_their_times() {
        ChurnTrace trace =
                parse("time,node,state\n# spot instances\n\n0.5,us-1,down\n 1500ms , us-2 , down\n2m,us-1,up");
        assertThat(trace.entries())
                .containsExactly(
                        new Entry(Duration.ofMillis(500), "us-1", false),
                        new Entry(Duration.ofMillis(1500), "us-2", false),
                        new Entry(Duration.ofMinutes(2), "us-1", true));

        EventLoop loop = new EventLoop();
        List<String> seen = new ArrayList<>();
        trace.play(loop, entry -> seen.add(loop.now() / 1_000_000 + " " + entry.node() + " " + entry.up()));
        loop.run(Duration.ofHours(1).toNanos(), () -> false);
        assertThat(seen).containsExactly("500 us-1 false", "1500 us-2 false", "120000 us-1 true");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '"',
            value = {
                "1,a,down;2,b      ! churn.csv:2: expected time,node,up|down, got 2,b",
                "1,a,gone          ! churn.csv:1: expected up or down, got 'gone'",
                "1,,down           ! churn.csv:1: expected the name of a node between the commas, got 1,,down",
                "soon,a,down       ! churn.csv:1: expected a time in seconds, got 'soon'",
                "1.2.3,a,down      ! churn.csv:1: expected a time in seconds, got '1.2.3'",
                "-1,a,down         ! churn.csv:1: expected a time in seconds from 0 to a year",
                "1e30,a,down       ! churn.csv:1: expected a time in seconds from 0 to a year",
                "5,a,down;#;4,a,up ! churn.csv:3: times never go back, got 4,a,up after 5000 ms"
            })
    void errors_name_file_and_line(String text, String error) {
        assertThatThrownBy(() -> parse(text.replace(';', '\n')))
                .isInstanceOf(TraceException.class)
                .hasMessageStartingWith(error);
    }

    @Test
    void a_node_that_does_not_exist_and_a_file_that_does_not_are_named(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("t.csv");
        assertThatThrownBy(() -> ChurnTrace.read(file))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining("t.csv: cannot be read");
        Files.write(file, new byte[] {'1', ',', (byte) 0xff});
        assertThatThrownBy(() -> ChurnTrace.read(file))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining("is UTF-8");
        assertThatThrownBy(() -> parse("1,a,down").check("churn.csv", Set.of("b")))
                .isInstanceOf(TraceException.class)
                .hasMessage("churn.csv: there is no node 'a'");
    }
}
