package io.murmuration.tensors.reduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class BandwidthPartitionTest {

    @Property(tries = 300)
    void no_partition_of_a_small_vector_costs_noticeably_less(
            @ForAll @Size(min = 3, max = 4) List<@DoubleRange(min = 0.1, max = 10) Double> bandwidths,
            @ForAll @IntRange(min = 1, max = 24) int numbers,
            @ForAll @IntRange(min = 0, max = 3) int clients) {
        List<OptionalDouble> known =
                new ArrayList<>(bandwidths.stream().map(OptionalDouble::of).toList());
        for (int i = 0; i < Math.min(clients, known.size() - 1); i++) {
            known.set(i, OptionalDouble.of(0));
        }
        long[] partition = BandwidthPartition.of(numbers, known, 0);
        assertThat(Arrays.stream(partition).sum()).isEqualTo(numbers);
        for (int i = 0; i < partition.length; i++) {
            assertThat(partition[i]).isNotNegative();
            if (known.get(i).getAsDouble() == 0) {
                assertThat(partition[i]).isZero();
            }
        }
        double slowest = known.stream()
                .mapToDouble(OptionalDouble::getAsDouble)
                .filter(bandwidth -> bandwidth > 0)
                .min()
                .orElseThrow();
        // Rounding moves a part by less than one number, which costs at most (n - 2) / bandwidth.
        double rounding = (partition.length - 2) / slowest;
        assertThat(BandwidthPartition.cost(numbers, known, partition))
                .isLessThanOrEqualTo(least(numbers, known, new long[partition.length], 0, numbers) + rounding + 1e-9);
    }

    private static double least(int numbers, List<OptionalDouble> bandwidths, long[] partition, int peer, long left) {
        boolean client = bandwidths.get(peer).getAsDouble() == 0;
        if (peer == partition.length - 1) {
            partition[peer] = left;
            return client && left > 0
                    ? Double.POSITIVE_INFINITY
                    : BandwidthPartition.cost(numbers, bandwidths, partition);
        }
        double least = Double.POSITIVE_INFINITY;
        for (long part = 0; part <= (client ? 0 : left); part++) {
            partition[peer] = part;
            least = Math.min(least, least(numbers, bandwidths, partition, peer + 1, left - part));
        }
        return least;
    }

    @Property(tries = 300)
    void parts_are_whole_and_reach_the_least_size_or_nobody_does(
            @ForAll @Size(min = 1, max = 12) List<@DoubleRange(min = 0, max = 5) Double> bandwidths,
            @ForAll @IntRange(min = 0, max = 100_000) int numbers,
            @ForAll @IntRange(min = 0, max = 20_000) int leastSize) {
        List<OptionalDouble> given = bandwidths.stream()
                .map(bandwidth -> bandwidth < 0.5 ? OptionalDouble.empty() : OptionalDouble.of(bandwidth))
                .toList();
        long[] partition = BandwidthPartition.of(numbers, given, leastSize);
        assertThat(Arrays.stream(partition).sum()).isEqualTo(numbers);
        // Shares are exact, parts are whole: the fractions of all peers, less than one each, may have gone to this one.
        boolean anybody = Arrays.stream(partition).anyMatch(part -> part >= leastSize + partition.length);
        for (long part : partition) {
            // An exact share at the least size may lose a fraction to rounding.
            assertThat(part == 0 || !anybody || part >= leastSize - 1)
                    .as("%s, at least %d", Arrays.toString(partition), leastSize)
                    .isTrue();
        }
    }

    @Property(tries = 200)
    void apportionment_is_within_one_of_the_exact_share_from_below(
            @ForAll @Size(min = 1, max = 20) List<@DoubleRange(min = 0.01, max = 9) Double> scores,
            @ForAll @IntRange(min = 0, max = 1_000_000) int total) {
        double[] each = scores.stream().mapToDouble(Double::doubleValue).toArray();
        double sum = Arrays.stream(each).sum();
        long[] allocated = Apportionment.of(total, each);
        assertThat(Arrays.stream(allocated).sum()).isEqualTo(total);
        for (int i = 0; i < each.length; i++) {
            assertThat(allocated[i]).isGreaterThanOrEqualTo((long) Math.floor(total * each[i] / sum - 1e-6));
        }
    }

    @Example
    void what_cannot_be_is_refused_with_the_reason() {
        assertThatThrownBy(() -> BandwidthPartition.of(9, List.of(OptionalDouble.of(0)), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected at least one bandwidth above 0 among 1 peers: nobody could reduce");
        for (double wrong : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> BandwidthPartition.of(9, List.of(OptionalDouble.of(wrong)), 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("" + wrong);
            assertThatThrownBy(() -> Apportionment.of(9, 1, wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("" + wrong);
        }
    }
}
