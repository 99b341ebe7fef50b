package io.murmuration.tensors.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class SampleOrderTest {

    @Property(tries = 300)
    void every_epoch_is_a_permutation(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 3000) int samples,
            @ForAll @LongRange(min = 0, max = 1_000_000) long epoch) {
        SampleOrder order = new SampleOrder(seed, samples);
        BitSet seen = new BitSet(samples);
        for (int i = 0; i < samples; i++) {
            long sample = order.sample(epoch * samples + i);
            assertThat(sample).isBetween(0L, samples - 1L);
            seen.set((int) sample);
        }
        assertThat(seen.cardinality()).isEqualTo(samples);
    }

    @Property(tries = 200)
    void huge_corpora_stay_in_range(@ForAll long seed, @ForAll @LongRange(min = 1, max = 1L << 62) long samples) {
        SampleOrder order = new SampleOrder(seed, samples);
        assertThat(order.sample(samples - 1)).isBetween(0L, samples - 1);
        assertThat(order.sample(samples / 2)).isBetween(0L, samples - 1);
    }

    @Example
    void the_order_looks_shuffled() {
        int samples = 100_000;
        SampleOrder order = new SampleOrder(7, samples);
        SampleOrder other = new SampleOrder(8, samples);
        double product = 0;
        int same = 0;
        for (int i = 0; i < samples; i++) {
            product += (i / (samples - 1.0) - 0.5) * (order.sample(i) / (samples - 1.0) - 0.5);
            same += order.sample(i) == other.sample(i) ? 1 : 0;
        }
        double correlation = product / samples * 12;
        // Standard deviation of the correlation of independent orders: 1 / sqrt(samples) = 0.003.
        assertThat(Math.abs(correlation)).isLessThan(0.015);
        // Two independent orders agree in one place on average.
        assertThat(same).isLessThan(10);
    }

    /** From the same formula written in Python: a resumed run must see the samples it would have seen. */
    @Example
    void the_order_is_the_same_in_every_version() {
        SampleOrder thousand = new SampleOrder(42, 1000);
        assertThat(LongStream.of(0, 1, 2, 999, 1000, 1001).map(thousand::sample))
                .containsExactly(987L, 641L, 348L, 753L, 16L, 889L);
        SampleOrder odd = new SampleOrder(-7, 123_457);
        assertThat(LongStream.of(0, 1, 1_000_000_000_000L).map(odd::sample)).containsExactly(51318L, 79388L, 75889L);
        assertThat(new SampleOrder(1, 1L << 40).sample(12345)).isEqualTo(575710416318L);
        assertThat(new SampleOrder(3, 1).sample(5)).isZero();
    }
}
