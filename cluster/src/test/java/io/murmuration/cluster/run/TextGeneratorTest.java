package io.murmuration.cluster.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.data.Tokeniser;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class TextGeneratorTest {

    private final List<int[]> seen = new ArrayList<>();

    private TextModel model(int sequence, Function<int[], float[]> next) {
        return new TextModel() {
            @Override
            public int vocabulary() {
                return 256;
            }

            @Override
            public Tokeniser tokeniser() {
                return Tokeniser.byName("bytes");
            }

            @Override
            public int sequence() {
                return sequence;
            }

            @Override
            public float[] next(int[] prefix) {
                seen.add(prefix);
                return next.apply(prefix);
            }

            @Override
            public void close() {}
        };
    }

    /** The letters a to d with odds 1 : 2 : 3 : 4. */
    private static float[] odds() {
        float[] logits = new float[256];
        Arrays.fill(logits, -1000f);
        for (int i = 0; i < 4; i++) {
            logits['a' + i] = (float) Math.log(i + 1);
        }
        return logits;
    }

    @Test
    void the_same_seed_gives_the_same_text_and_another_one_another() {
        TextModel model = model(8, prefix -> odds());

        String text = new TextGenerator(model, 1, 5).text("a", 100);

        assertThat(new TextGenerator(model, 1, 5).text("a", 100)).isEqualTo(text);
        assertThat(new TextGenerator(model, 1, 6).text("a", 100)).isNotEqualTo(text);
    }

    @Test
    void temperature_one_follows_the_odds_and_half_squares_them() {
        TextModel model = model(8, prefix -> odds());

        assertThat(share('d', new TextGenerator(model, 1, 1).text("a", 20_000))).isBetween(0.385, 0.415);
        // 16 / (1 + 4 + 9 + 16)
        assertThat(share('d', new TextGenerator(model, 0.5, 1).text("a", 20_000)))
                .isBetween(0.515, 0.55);
    }

    @Test
    void temperature_zero_takes_the_likeliest() {
        assertThat(new TextGenerator(model(8, prefix -> odds()), 0, 1).text("a", 5))
                .isEqualTo("ddddd");
    }

    @Test
    void the_model_sees_the_last_bytes_it_can_hold() {
        new TextGenerator(model(4, prefix -> odds()), 0, 1).text("xyz", 3);

        assertThat(seen)
                .containsExactly(
                        new int[] {'x', 'y', 'z'}, new int[] {'x', 'y', 'z', 'd'}, new int[] {'y', 'z', 'd', 'd'});
    }

    @Test
    void bytes_above_127_are_ids_not_negative_numbers() {
        new TextGenerator(model(4, prefix -> odds()), 0, 1).text("ü", 1);

        assertThat(seen).containsExactly(new int[] {0xC3, 0xBC});
    }

    @Test
    void byte_pairs_are_written_until_there_are_enough_bytes_or_the_model_ends_the_text() {
        Tokeniser gpt2 = Tokeniser.byName("gpt2");
        int[] words = gpt2.encode(" one two three four");
        int[] at = {0};
        TextModel model = new TextModel() {
            @Override
            public int vocabulary() {
                return 50_304;
            }

            @Override
            public Tokeniser tokeniser() {
                return gpt2;
            }

            @Override
            public int sequence() {
                return 2;
            }

            @Override
            public float[] next(int[] prefix) {
                seen.add(prefix);
                float[] logits = new float[50_304];
                logits[at[0] < words.length ? words[at[0]++] : 50_256] = 1;
                // Above the tokeniser's ids: never drawn.
                logits[50_300] = 2;
                return logits;
            }

            @Override
            public void close() {}
        };

        assertThat(new TextGenerator(model, 0, 1).text("Zero", 100)).isEqualTo(" one two three four");
        assertThat(seen.getFirst()).isEqualTo(gpt2.encode("Zero"));
        assertThat(seen.get(2)).isEqualTo(new int[] {words[0], words[1]});
        at[0] = 0;
        assertThat(new TextGenerator(model, 0, 1).text("Zero", 6)).isEqualTo(" one t");
    }

    @Test
    void what_is_not_text_cannot_harm_the_terminal() {
        byte[] bytes = "ok\u001b[2J ü€\n".getBytes(StandardCharsets.UTF_8);
        assertThat(TextGenerator.readable(bytes)).isEqualTo("ok[2J ü€\n");
        assertThat(TextGenerator.readable(new byte[] {'a', (byte) 0xFF, 'b'})).isEqualTo("a\uFFFDb");
        assertThat(TextGenerator.readable(new byte[] {'a', (byte) 0xE2, (byte) 0x82}))
                .isEqualTo("a");
        assertThat(TextGenerator.readable(new byte[] {(byte) 0xE2, (byte) 0x82, (byte) 0xAC}))
                .isEqualTo("€");
        assertThat(TextGenerator.readable(new byte[0])).isEmpty();
    }

    @Test
    void a_model_or_a_wish_that_makes_no_sense_is_refused() {
        TextModel broken = model(4, prefix -> new float[] {Float.NaN});

        assertThatThrownBy(() -> new TextGenerator(broken, 1, 1).text("a", 1))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("not finite");
        assertThatThrownBy(() -> new TextGenerator(broken, -1, 1)).isInstanceOf(UserError.class);
        assertThatThrownBy(() -> new TextGenerator(broken, 1, 1).text("", 1))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("prompt is empty");
    }

    private static double share(char letter, String text) {
        return text.chars().filter(c -> c == letter).count() / (double) text.length();
    }
}
