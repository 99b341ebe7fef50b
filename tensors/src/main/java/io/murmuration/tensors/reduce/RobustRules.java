package io.murmuration.tensors.reduce;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;

/** The rules by the names that configurations use. */
public final class RobustRules {

    private static final Map<String, IntFunction<RobustRule>> BY_NAME = new TreeMap<>(Map.of(
            Mean.NAME, Mean::new,
            CoordinateMedian.NAME, CoordinateMedian::new,
            TrimmedMean.NAME, TrimmedMean::new,
            Krum.NAME, Krum::new,
            MultiKrum.NAME, MultiKrum::new,
            Bulyan.NAME, Bulyan::new,
            GeometricMedian.NAME, GeometricMedian::new,
            CenteredClip.NAME, CenteredClip::new,
            NormClip.NAME, NormClip::new));

    private RobustRules() {}

    /** All names, sorted. */
    public static List<String> names() {
        return List.copyOf(BY_NAME.keySet());
    }

    /**
     * A rule with its usual constants.
     *
     * @param n vectors that will be combined
     * @param f of which may be anything
     * @throws IllegalArgumentException if there is no such rule, or n is too small for f; says which bound failed
     */
    public static RobustRule byName(String name, int n, int f) {
        IntFunction<RobustRule> constructor = BY_NAME.get(name);
        if (constructor == null) {
            throw new IllegalArgumentException(
                    "no robust rule is called " + name + "; there are " + String.join(", ", BY_NAME.keySet()));
        }
        RobustRule rule = constructor.apply(f);
        rule.require(n);
        return rule;
    }
}
