package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.util.List;
import java.util.SortedMap;

/**
 * Makes one vector of n, of which up to f may be anything. Vectors are finite (the {@link Gate} comes first) and in the order
 * of their replicas' ids, so the result is the same bits whatever the order of arrival and the number of threads.
 */
public sealed interface RobustRule
        permits Mean, CoordinateMedian, TrimmedMean, Krum, MultiKrum, Bulyan, GeometricMedian, CenteredClip, NormClip {

    /**
     * How many vectors a rule needs: {@code perFault * f + least}.
     *
     * @param perFault vectors that each tolerated fault asks for
     * @param least vectors for f = 0
     */
    record Bound(int perFault, int least) {

        /** What any rule needs in theory: more honest vectors than others. */
        static final Bound MAJORITY = new Bound(2, 1);

        private int needed(int faults) {
            return Math.addExact(Math.multiplyExact(perFault, faults), least);
        }
    }

    /** As in the configuration. */
    String name();

    /** f, how many vectors may be anything; at least 0. */
    int faults();

    /** What must hold between n and f. */
    Bound bound();

    /** The rule itself, after all checks. The target is none of the vectors. */
    void combine(List<Floats> vectors, Floats target, Workers workers);

    /** @throws IllegalArgumentException if n vectors are too few for this rule and its f; says which bound failed */
    default void require(int n) {
        if (faults() < 0) {
            throw new IllegalArgumentException(name() + ": f must be at least 0, was " + faults());
        }
        if (n < bound().needed(faults())) {
            throw new IllegalArgumentException(name() + ": n >= " + bound().perFault + " f + " + bound().least
                    + " must hold, n = " + n + ", f = " + faults() + " needs " + bound().needed(faults()));
        }
    }

    /**
     * Combines what the gate let through.
     *
     * @param vectors by replica: the map's order is the order of summation
     * @param target gets the result; none of the vectors
     * @throws IllegalArgumentException if there are too few for this rule, or lengths differ
     */
    default void aggregate(SortedMap<?, Floats> vectors, Floats target, Workers workers) {
        aggregate(List.copyOf(vectors.values()), target, workers);
    }

    /** The same for vectors that are in the order of their replicas' ids already. */
    default void aggregate(List<Floats> vectors, Floats target, Workers workers) {
        require(vectors.size());
        for (Floats vector : vectors) {
            if (vector.length() != target.length()) {
                throw new IllegalArgumentException(
                        name() + ": expected vectors of " + target.length() + " numbers, got " + vector.length());
            }
        }
        if (target.length() > 0) {
            combine(vectors, target, workers);
        }
    }
}
