package io.murmuration.faults.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The verdicts on all bounds of a run.
 *
 * @param violations counterexamples of checkers; one is enough to fail
 */
public record Judgement(Verdict verdict, List<OnBound> bounds, List<Violation> violations) {

    /** One bound, what came, and whether that holds. */
    public record OnBound(Bound bound, Optional<Measured> value, Verdict verdict) {}

    /**
     * Something that must never be, and was.
     *
     * @param checker name of the check
     * @param counterexample what was seen, of whom, and what should have been
     * @param seconds virtual time
     */
    public record Violation(String checker, String counterexample, double seconds) {}

    public Judgement {
        bounds = List.copyOf(bounds);
        violations = List.copyOf(violations);
    }

    /** Judges every bound; a measure that is not in the map was not measured. */
    public static Judgement of(
            List<Bound> bounds, Map<Measure, Optional<Measured>> measured, List<Violation> violations) {
        List<OnBound> judged = bounds.stream()
                .map(bound -> {
                    Optional<Measured> value = measured.getOrDefault(bound.measure(), Optional.empty());
                    return new OnBound(bound, value, bound.judge(value));
                })
                .toList();
        List<Verdict> all =
                new ArrayList<>(judged.stream().map(OnBound::verdict).toList());
        if (!violations.isEmpty()) {
            all.add(Verdict.FAILED);
        }
        return new Judgement(Verdict.of(all), judged, violations);
    }
}
