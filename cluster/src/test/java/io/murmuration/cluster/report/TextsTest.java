package io.murmuration.cluster.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class TextsTest {

    private static final String BIRD = "\uD83D\uDC26";

    @Example
    void a_character_of_two_units_is_kept_or_left_out_whole() {
        assertThat(Texts.cut("ab" + BIRD, 4)).isEqualTo("ab" + BIRD);
        assertThat(Texts.cut("ab" + BIRD, 3)).isEqualTo("ab");
        assertThat(Texts.cut("ab" + BIRD, 2)).isEqualTo("ab");
        assertThat(Texts.cut(BIRD, 0)).isEmpty();
    }

    @Property
    void what_is_cut_can_be_written_and_read(
            @ForAll @IntRange(max = 40) int birds,
            @ForAll @IntRange(max = 3) int before,
            @ForAll @IntRange(max = 90) int most) {
        String text = "abc".substring(0, before) + BIRD.repeat(birds);
        String cut = Texts.cut(text, most);
        assertThat(new String(cut.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                .isEqualTo(cut);
        assertThat(text).startsWith(cut);
        assertThat(cut.length()).isBetween(Math.min(text.length(), Math.max(0, most - 1)), Math.max(0, most));
    }
}
