package io.murmuration.tensors.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.reduce.Apportionment;
import io.murmuration.tensors.reduce.BandwidthPartition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** Group {@code routing}: {@code partition_cases}, {@code partition_errors} and {@code apportionment_cases}. */
final class PartitionGolden implements ManifestGolden {

    @Override
    public Map<String, Runnable> checks(GoldenGroup group) {
        Map<String, Runnable> checks = new LinkedHashMap<>();
        if (group.name().equals("routing")) {
            add(checks, group.manifest(), "partition_cases", PartitionGolden::partition);
            add(checks, group.manifest(), "partition_errors", PartitionGolden::error);
            add(checks, group.manifest(), "apportionment_cases", PartitionGolden::apportionment);
        }
        return checks;
    }

    private interface Check {
        void run(JsonNode entry);
    }

    private static void add(Map<String, Runnable> checks, JsonNode manifest, String list, Check check) {
        int number = 0;
        for (JsonNode entry : manifest.path(list)) {
            checks.put(list + "[" + number++ + "]", () -> check.run(entry));
        }
    }

    private static void partition(JsonNode entry) {
        long numbers = entry.path("vector_size").longValue();
        long leastSize = entry.path("min_size").longValue();
        List<OptionalDouble> bandwidths = bandwidths(entry);
        long[] got = BandwidthPartition.of(numbers, bandwidths, leastSize);
        long[] want = longs(entry.path("partition"));
        assertThat(got).hasSize(want.length);
        long sum = 0;
        for (long part : got) {
            assertThat(part).isNotNegative();
            sum += part;
        }
        assertThat(sum).isEqualTo(numbers);
        switch (entry.path("check").asText()) {
            case "exact" -> {
                long slack = entry.path("element_slack").asLong(0);
                for (int i = 0; i < got.length; i++) {
                    assertThat(Math.abs(got[i] - want[i])).as("peer %d", i).isLessThanOrEqualTo(slack);
                }
            }
            case "cost" -> {
                assertThat(BandwidthPartition.cost(numbers, bandwidths, got))
                        .isLessThanOrEqualTo(entry.path("max_cost").doubleValue());
                boolean reached = false;
                for (long part : got) {
                    // Fractions of all peers, less than one each, may have gone to one whose share did not reach it.
                    reached |= part >= leastSize + got.length;
                }
                for (long part : got) {
                    assertThat(!reached || part == 0 || part >= leastSize)
                            .as("a part of %d with a least size of %d", part, leastSize)
                            .isTrue();
                }
            }
            default -> fail("no rule for the check %s", entry.path("check"));
        }
    }

    private static void error(JsonNode entry) {
        assertThat(entry.path("expect").asText()).startsWith("error");
        assertThatThrownBy(() -> BandwidthPartition.of(
                        entry.path("vector_size").longValue(),
                        bandwidths(entry),
                        entry.path("min_size").longValue()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bandwidth");
    }

    private static void apportionment(JsonNode entry) {
        double[] scores = new double[entry.path("scores").size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = entry.path("scores").path(i).doubleValue();
        }
        assertThat(entry.path("check").asText()).isEqualTo("exact");
        assertThat(Apportionment.of(entry.path("vector_size").longValue(), scores))
                .isEqualTo(longs(entry.path("allocation")));
    }

    private static List<OptionalDouble> bandwidths(JsonNode entry) {
        List<OptionalDouble> bandwidths = new ArrayList<>();
        for (JsonNode bandwidth : entry.path("bandwidths")) {
            bandwidths.add(bandwidth.isNull() ? OptionalDouble.empty() : OptionalDouble.of(bandwidth.doubleValue()));
        }
        return bandwidths;
    }

    private static long[] longs(JsonNode list) {
        long[] longs = new long[list.size()];
        for (int i = 0; i < longs.length; i++) {
            longs[i] = list.path(i).longValue();
        }
        return longs;
    }
}
