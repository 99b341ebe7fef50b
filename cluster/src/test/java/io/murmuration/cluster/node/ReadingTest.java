package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Progress;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.StopSignal;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class ReadingTest {

    @TempDir
    private Path folder;

    private final StopSignal stop = new StopSignal();

    @Test
    void who_is_to_stop_does_not_wait_until_all_is_read() throws InterruptedException {
        CountDownLatch interrupted = new CountDownLatch(1);
        Optional<String> read = Reading.unlessStopped(stop, () -> {
            stop.request();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
            return "a long text";
        });

        assertThat(read).isEmpty();
        interrupted.await();
    }

    @Test
    void what_is_read_and_what_is_wrong_with_it_is_handed_on() {
        assertThat(Reading.unlessStopped(stop, () -> "a text")).contains("a text");
        assertThatThrownBy(() -> Reading.unlessStopped(stop, () -> {
                    throw new UserError("there is no such file");
                }))
                .isInstanceOf(UserError.class)
                .hasMessage("there is no such file");
    }

    @Test
    void a_node_that_is_stopped_before_it_began_ends_well_and_has_begun_no_life() {
        LoadedNode loaded = SettingsLoader.of(Map.of())
                .set("node.name=early", "test")
                .set("node.work=" + folder.resolve("early"), "test")
                .loadNode();
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
        stop.request();

        NodeRunner.Result result;
        try (Progress progress = Progress.of(Terminal.plain(out, out), false)) {
            result = NodeRunner.run(loaded, InstantSource.system(), progress, out::println, stop);
        }

        assertThat(result)
                .isEqualTo(new NodeRunner.Result(NodeRunner.End.DONE, "node early was stopped before it began"));
        assertThat(folder.resolve("early")).doesNotExist();
    }
}
