package io.murmuration.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class PortRefusalsTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final PortRefusals refusals = new PortRefusals(Duration.ofSeconds(10));

    private record Report(String witness, String node, long life, long at) {}

    @Example
    void two_witnesses_within_the_window_are_believed() {
        assertThat(refusals.reported("a", "x", 1, 0)).isFalse();
        assertThat(refusals.reported("b", "x", 1, 10 * SECOND)).isTrue();
    }

    @Example
    void one_witness_is_not_however_often_it_says_so() {
        for (int i = 0; i < 100; i++) {
            assertThat(refusals.reported("a", "x", 1, i * SECOND)).isFalse();
        }
    }

    @Example
    void reports_of_another_life_or_of_long_ago_do_not_count() {
        assertThat(refusals.reported("a", "x", 1, 0)).isFalse();
        assertThat(refusals.reported("b", "x", 2, SECOND)).isFalse();
        assertThat(refusals.reported("b", "x", 1, 10 * SECOND + 1)).isFalse();
    }

    /** A verdict always rests on two reports by different witnesses on the same life, no further apart than the window. */
    @Property
    void a_verdict_has_two_witnesses(@ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int reports) {
        Random random = new Random(seed);
        PortRefusals refusals = new PortRefusals(Duration.ofSeconds(10));
        List<Report> said = new ArrayList<>();
        long now = 0;
        for (int i = 0; i < reports; i++) {
            now += random.nextLong(8 * SECOND);
            Report report = new Report("w" + random.nextInt(3), "n" + random.nextInt(3), random.nextInt(2), now);
            boolean verdict = refusals.reported(report.witness(), report.node(), report.life(), now);
            boolean other = said.stream()
                    .anyMatch(before -> before.node().equals(report.node())
                            && before.life() == report.life()
                            && !before.witness().equals(report.witness())
                            && report.at() - before.at() <= 10 * SECOND);
            if (verdict) {
                assertThat(other).isTrue();
                said.removeIf(before -> before.node().equals(report.node()) && before.life() == report.life());
            } else {
                assertThat(other).isFalse();
                said.add(report);
            }
        }
    }

    @Example
    void what_is_remembered_is_bounded() {
        for (int i = 0; i <= PortRefusals.MOST_SUSPECTS; i++) {
            assertThat(refusals.reported("a", "n" + i, 1, i)).isFalse();
        }
        assertThat(refusals.reported("b", "n0", 1, SECOND)).as("made room").isFalse();
        assertThat(refusals.reported("b", "n2", 1, SECOND)).isTrue();
    }
}
