package io.murmuration.cluster.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.run.ValidationReport;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProgressTest {

    @Test
    void a_loss_per_token_is_also_shown_per_byte_where_that_is_known() {
        assertThat(Wording.nats(2, 1)).isEqualTo("2.0000 nats per byte (perplexity 7.39)");
        assertThat(Wording.nats(4, 4))
                .isEqualTo("4.0000 nats per token (perplexity 54.60), 1.0000 nats (1.4427 bits) per byte");
        assertThat(Wording.nats(4, Double.NaN)).isEqualTo("4.0000 nats per token (perplexity 54.60)");
    }

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private Terminal terminal(boolean interactive) {
        return new Terminal(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                interactive,
                false,
                120);
    }

    private static void play(Progress progress) {
        try (progress) {
            progress.started(new RunInfo(1, 25, 1_000_000, 6, "nd4j", "text", 1));
            for (int step = 1; step <= 25; step++) {
                progress.stepped(new StepReport(
                        step, 2.5, 1, 1e-3, 17_900, step * 2048L, step * 1_000_000L, step * 3_900_000L, 6, step * 8L));
            }
            progress.validated(new ValidationReport(25, 2.0, 512, 1));
            progress.shardLost("shard (1,b) is gone: killed");
        }
    }

    @Test
    void for_a_person_there_is_a_bar_with_the_figures_and_lines_stay_above_it() {
        play(Progress.of(terminal(true), false));

        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("\r", "100%", "25/25", "loss 2.500  17.9 ktok/s  wire 25.0 MB (3.9x smaller)  6 shards")
                .contains("\r\u001b[Kshard (1,b) is gone: killed\n")
                .endsWith("\n");
        assertThat(err.size()).isZero();
    }

    @Test
    void without_a_terminal_there_are_plain_lines_now_and_then() {
        play(Progress.of(terminal(false), false));

        assertThat(out.toString(StandardCharsets.UTF_8).lines())
                .filteredOn(line -> line.startsWith("step "))
                .hasSize(5)
                .contains("step 25: validation 2.0000 nats per byte (perplexity 7.39) on 512 windows");
        assertThat(out.toString(StandardCharsets.UTF_8)).doesNotContain("\r", "\u001b");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("shard (1,b) is gone: killed\n");
    }

    @Test
    void json_is_json_even_for_a_person() {
        play(Progress.of(terminal(true), true));

        assertThat(out.toString(StandardCharsets.UTF_8).lines())
                .hasSize(25)
                .allMatch(line -> line.startsWith("{\"event\":\"step\""));
    }

    @Test
    void lines_are_redrawn_only_on_a_terminal_that_can_and_for_a_user_who_wants_it() {
        assertThat(Terminal.suits(true, Map.of("TERM", "xterm"))).isTrue();
        assertThat(Terminal.suits(true, Map.of("TERM", "xterm", "NO_COLOR", "")))
                .isTrue();
        assertThat(Terminal.suits(false, Map.of("TERM", "xterm"))).isFalse();
        assertThat(Terminal.suits(true, Map.of("TERM", "dumb"))).isFalse();
        assertThat(Terminal.suits(true, Map.of())).isFalse();
        assertThat(Terminal.suits(true, Map.of("TERM", "xterm", "NO_COLOR", "1")))
                .isFalse();
        assertThat(Terminal.ofProcess(Map.of("LANG", "de_DE.UTF-8")).unicode()).isTrue();
        assertThat(Terminal.ofProcess(Map.of("LANG", "C")).unicode()).isFalse();
    }

    @Test
    void figures_have_three_digits() {
        assertThat(Wording.bytes(0)).isEqualTo("0 B");
        assertThat(Wording.bytes(999)).isEqualTo("999 B");
        assertThat(Wording.bytes(1_000)).isEqualTo("1.00 kB");
        assertThat(Wording.bytes(999_600)).isEqualTo("1.00 MB");
        assertThat(Wording.bytes(312_345_678)).isEqualTo("312 MB");
        assertThat(Wording.tokensPerSecond(17_949)).isEqualTo("17.9 ktok/s");
    }
}
