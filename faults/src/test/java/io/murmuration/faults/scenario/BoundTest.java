package io.murmuration.faults.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class BoundTest {

    private static Bound bound(Measure measure, Bound.Demand demand) {
        return new Bound(measure, demand, false, new Place("x.conf:1"));
    }

    private static Optional<Measured> amount(double value) {
        return Optional.of(new Measured.Amount(value));
    }

    @Property
    void what_was_not_measured_is_unknown_and_never_passed(@ForAll Comparison comparison, @ForAll double value) {
        Bound bound = bound(Measure.RECOVERY, new Bound.Compared(comparison, value));
        assertThat(bound.judge(Optional.empty())).isEqualTo(Verdict.UNKNOWN);
    }

    @Property
    void a_value_passes_one_of_less_equal_and_greater_and_the_others_follow(
            @ForAll double value, @ForAll double limit) {
        Map<Comparison, Verdict> verdicts = new LinkedHashMap<>();
        for (Comparison comparison : Comparison.values()) {
            verdicts.put(
                    comparison,
                    bound(Measure.WASTED_WORK, new Bound.Compared(comparison, limit))
                            .judge(amount(value)));
        }
        List<Verdict> exclusive = List.of(
                verdicts.get(Comparison.LESS), verdicts.get(Comparison.EQUAL), verdicts.get(Comparison.GREATER));
        assertThat(exclusive).containsOnlyOnce(Verdict.PASSED);
        assertThat(verdicts.get(Comparison.AT_MOST) == Verdict.PASSED)
                .isEqualTo(verdicts.get(Comparison.GREATER) == Verdict.FAILED);
        assertThat(verdicts.get(Comparison.AT_LEAST) == Verdict.PASSED)
                .isEqualTo(verdicts.get(Comparison.LESS) == Verdict.FAILED);
        assertThat(verdicts.get(Comparison.DIFFERENT) == Verdict.PASSED)
                .isEqualTo(verdicts.get(Comparison.EQUAL) == Verdict.FAILED);
    }

    @Property
    void what_is_no_number_fails_whatever_was_demanded(@ForAll Comparison comparison, @ForAll double limit) {
        assertThat(bound(Measure.FINAL_LOSS, new Bound.Compared(comparison, limit))
                        .judge(amount(Double.NaN)))
                .isEqualTo(Verdict.FAILED);
    }

    @Property
    void one_failed_fails_all_and_only_known_passes_pass(@ForAll List<Verdict> verdicts) {
        Verdict all = Verdict.of(verdicts);
        if (verdicts.contains(Verdict.FAILED)) {
            assertThat(all).isEqualTo(Verdict.FAILED);
        } else {
            assertThat(all == Verdict.PASSED)
                    .isEqualTo(!verdicts.isEmpty() && verdicts.stream().allMatch(Verdict.PASSED::equals));
        }
        List<Verdict> more = new ArrayList<>(verdicts);
        more.add(Verdict.UNKNOWN);
        assertThat(Verdict.of(more)).isNotEqualTo(Verdict.PASSED);
    }

    @Test
    void a_counterexample_fails_a_run_whose_bounds_hold() {
        Bound flag = bound(Measure.REPLICAS_AGREE, new Bound.Is(true));
        Map<Measure, Optional<Measured>> measured =
                Map.of(Measure.REPLICAS_AGREE, Optional.of(new Measured.Flag(true)));
        assertThat(Judgement.of(List.of(flag), measured, List.of()).verdict()).isEqualTo(Verdict.PASSED);
        assertThat(Judgement.of(List.of(flag), measured, List.of(new Judgement.Violation("roster", "went back", 3)))
                        .verdict())
                .isEqualTo(Verdict.FAILED);
        assertThat(Judgement.of(List.of(flag), Map.of(), List.of()).verdict()).isEqualTo(Verdict.UNKNOWN);
    }

    @Test
    void all_are_all_and_a_share_may_be_compared() {
        Bound all = bound(Measure.ADVERSARIES_EJECTED, new Bound.All());
        assertThat(all.judge(Optional.of(new Measured.Share(3, 3)))).isEqualTo(Verdict.PASSED);
        assertThat(all.judge(Optional.of(new Measured.Share(2, 3)))).isEqualTo(Verdict.FAILED);
        Bound two = bound(Measure.ADVERSARIES_EJECTED, new Bound.Compared(Comparison.AT_LEAST, 2));
        assertThat(two.judge(Optional.of(new Measured.Share(2, 3)))).isEqualTo(Verdict.PASSED);
        Bound hash = bound(Measure.HISTORY_HASH, new Bound.Equals("ab"));
        assertThat(hash.judge(Optional.of(new Measured.Text("ac")))).isEqualTo(Verdict.FAILED);
    }

    @Test
    void a_value_of_another_kind_is_a_bug_and_no_verdict() {
        Bound flag = bound(Measure.REPLICAS_AGREE, new Bound.Is(true));
        assertThatThrownBy(() -> flag.judge(amount(1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void exit_codes_are_those_of_the_format() {
        assertThat(List.of(Verdict.PASSED.exitCode(), Verdict.FAILED.exitCode(), Verdict.UNKNOWN.exitCode()))
                .containsExactly(0, 1, 2);
    }
}
