package io.murmuration.tensors.reduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ReduceTest {

    @Property(tries = 300)
    void contributions_are_added_from_left_to_right_and_then_scaled(
            @ForAll @Size(min = 1, max = 9) List<@FloatRange(min = -1e6f, max = 1e6f) Float> column,
            @ForAll @IntRange(min = 1, max = 9000) int length,
            @ForAll @FloatRange(min = 0.01f, max = 2) float factor) {
        float want = column.getFirst();
        for (float value : column.subList(1, column.size())) {
            want = want + value;
        }
        want = want * factor;
        try (Arena arena = Arena.ofConfined()) {
            List<Floats> contributions = new ArrayList<>();
            for (float value : column) {
                Floats contribution = Floats.allocate(arena, length);
                contribution.set(length - 1, value);
                contributions.add(contribution);
            }
            FixedOrderSum.sum(contributions, factor, contributions.getFirst());
            assertThat(contributions.getFirst().get(length - 1)).isEqualTo(want);
            assertThat(contributions.getFirst().get(0)).isEqualTo(length == 1 ? want : 0);
        }
    }

    @Example
    void the_order_of_a_sum_is_the_order_given() {
        try (Arena arena = Arena.ofConfined()) {
            Floats big = Floats.of(arena, 1e8f);
            Floats small = Floats.of(arena, 1);
            Floats minusBig = Floats.of(arena, -1e8f);
            Floats target = Floats.allocate(arena, 1);
            FixedOrderSum.sum(List.of(big, small, minusBig), 1, target);
            assertThat(target.get(0)).isEqualTo(0f);
            FixedOrderSum.sum(List.of(big, minusBig, small), 1, target);
            assertThat(target.get(0)).isEqualTo(1f);
            FixedOrderSum.add(target, small);
            FixedOrderSum.scale(target, 0.25f);
            assertThat(target.get(0)).isEqualTo(0.5f);
        }
    }

    @Example
    void contributions_of_another_length_are_refused() {
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, 3);
            assertThatThrownBy(() -> FixedOrderSum.add(target, Floats.allocate(arena, 4)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("expected contributions of 3 numbers, got 4");
        }
    }

    @Example
    void a_digest_is_the_sha256_of_the_little_endian_bytes() {
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Digest.of().hex()).isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
            // printf '\x00\x00\x80\x3f\x00\x00\x00\xc0\xdb\x0f\x49\x40' | sha256sum
            Digest known = Digest.of(Floats.of(arena, 1, -2, (float) Math.PI));
            assertThat(known.hex()).isEqualTo("5d65ad76a880f0c8ffe6bb9dd443337d6dc92532be54606d9fe54a9aa42e0e14");
            assertThat(Digest.of(Floats.of(arena, 1), Floats.of(arena, -2, (float) Math.PI)))
                    .isEqualTo(known);
            assertThat(new Digest(known.hex())).isEqualTo(known);
        }
    }

    @Property(tries = 100)
    void one_changed_bit_changes_the_digest(
            @ForAll @IntRange(min = 0, max = 39_999) int index, @ForAll @IntRange(min = 0, max = 31) int bit) {
        try (Arena arena = Arena.ofConfined()) {
            Floats numbers = Floats.allocate(arena, 40_000);
            Digest before = Digest.of(numbers);
            numbers.set(index, Float.intBitsToFloat(1 << bit));
            assertThat(Digest.of(numbers)).isNotEqualTo(before);
        }
    }

    @Example
    void what_is_not_64_hex_digits_is_no_digest() {
        assertThatThrownBy(() -> new Digest("abc"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("got abc");
    }
}
