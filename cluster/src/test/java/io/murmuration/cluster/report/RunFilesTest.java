package io.murmuration.cluster.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.StepReport;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFilesTest {

    @TempDir
    Path dir;

    private static StepReport step(long step, double loss) {
        return new StepReport(step, loss, 1, 1e-3, 100, 1, 1, 1, 6, 1);
    }

    @Test
    void two_processes_cannot_use_one_run_directory() {
        try (RunDirectory first = RunDirectory.named(dir.resolve("run"))) {
            first.writeSettings("murmuration.steps = 1");
            assertThatThrownBy(() -> RunDirectory.existing(first.root()))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("another process is using the run directory " + first.root());
        }
        try (RunDirectory again = RunDirectory.existing(dir.resolve("run"))) {
            assertThat(again.root()).isEqualTo(dir.resolve("run"));
        }
    }

    @Test
    void discarding_keeps_what_others_put_there() throws IOException {
        RunDirectory run = RunDirectory.named(dir.resolve("run"));
        run.writeSettings("");
        Files.writeString(run.root().resolve(RunDirectory.OLDER_LOG), "of a log that was full");
        Path other = Files.writeString(run.root().resolve("notes.txt"), "mine");

        run.discard();

        try (var left = Files.list(dir.resolve("run"))) {
            assertThat(left).containsExactly(other);
        }
    }

    @Test
    void a_resumed_run_is_never_discarded() {
        try (RunDirectory run = RunDirectory.named(dir.resolve("run"))) {
            run.writeSettings("");
        }

        RunDirectory.existing(dir.resolve("run")).discard();

        assertThat(dir.resolve("run").resolve(RunDirectory.SETTINGS)).exists();
    }

    @Test
    void a_full_disk_is_said_once_and_what_fits_later_is_whole_lines() {
        ByteArrayOutputStream disk = new ByteArrayOutputStream();
        boolean[] full = {false};
        OutputStream file = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                if (full[0]) {
                    throw new IOException("No space left on device");
                }
                disk.write(b);
            }

            @Override
            public void write(byte[] bytes, int from, int count) throws IOException {
                // Half of a line still fits.
                disk.write(bytes, from, full[0] ? count / 2 : count);
                if (full[0]) {
                    throw new IOException("No space left on device");
                }
            }
        };
        List<String> complaints = new ArrayList<>();
        MetricsFile metrics = new MetricsFile(file, InstantSource.fixed(Instant.EPOCH), complaints::add);

        metrics.stepped(step(1, 1));
        full[0] = true;
        metrics.stepped(step(2, 1));
        metrics.stepped(step(3, 1));
        full[0] = false;
        metrics.stepped(step(4, Double.NaN));

        assertThat(complaints).hasSize(1).first().asString().contains("metrics.jsonl", "No space left", "goes on");
        List<String> lines = disk.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines.getFirst())
                .startsWith("{\"event\":\"step\",\"step\":1,")
                .endsWith("\"time\":0}");
        assertThat(lines.getLast())
                .startsWith("{\"event\":\"step\",\"step\":4,\"loss\":null,")
                .endsWith("}");
    }

    @Test
    void torn_lines_and_steps_that_are_made_again_are_left_out() throws IOException {
        Path file = Files.writeString(dir.resolve("metrics.jsonl"), """
                {"event":"started","firstStep":1}
                {"event":"step","step":1,"loss":3}
                {"event":"st
                {"event":"step","step":2,"loss":2}
                {"event":"validated","step":2,"loss":2}
                {"event":"step","step":3,"loss":1}
                {"event":"finished","steps":3}
                """);

        assertThat(MetricsHistory.before(3, file))
                .extracting(event ->
                        event.path("event").asText() + event.path("step").asText())
                .containsExactly("started", "step1", "step2", "validated2");
        assertThat(MetricsHistory.before(3, dir.resolve("none"))).isEmpty();
    }

    @Test
    void the_chart_is_a_picture_with_both_curves() throws IOException {
        LossChart chart = new LossChart("swarm");
        for (int step = 1; step <= 300; step++) {
            chart.trained(step, 2.2 + 3.4 * Math.exp(-step / 40.0) + 0.12 * Math.sin(step * 12.9898));
        }
        for (int step = 100; step <= 300; step += 100) {
            chart.validated(step, 2.22 + 3.4 * Math.exp(-step / 40.0));
        }
        Path file = dir.resolve("loss.png");

        chart.draw(file);

        BufferedImage image = ImageIO.read(file.toFile());
        assertThat(image.getWidth()).isEqualTo(1200);
        assertThat(count(image, 0x1F5FA8)).as("pixels of the training curve").isGreaterThan(500);
        assertThat(count(image, 0xD95F02)).as("pixels of the validation curve").isGreaterThan(100);
    }

    private static int count(BufferedImage image, int rgb) {
        int count = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                count += (image.getRGB(x, y) & 0xFFFFFF) == rgb ? 1 : 0;
            }
        }
        return count;
    }
}
