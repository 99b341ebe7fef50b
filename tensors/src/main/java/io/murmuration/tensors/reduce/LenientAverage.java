package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * Averaging in which what fails is left out (hivemind's semantics): a sender that is not heard is left out of that part and the
 * weights of the others are renormalised; the part of an owner that is lost keeps everybody's local values. Owners reply
 * with differences, so what a peer learnt meanwhile stays. Peers need not end with equal bits: never together with equal
 * digests.
 */
public final class LenientAverage {

    /**
     * What one peer sent of a part.
     *
     * @param weight at least 0
     * @param numbers its values of the part
     */
    public record Contribution(double weight, Floats numbers) {}

    private LenientAverage() {}

    /** First numbers of the parts of a vector, one after the other, and its length at the end. */
    public static long[] offsets(long... parts) {
        long[] offsets = new long[parts.length + 1];
        for (int i = 0; i < parts.length; i++) {
            if (parts[i] < 0) {
                throw new IllegalArgumentException("expected parts of at least 0 numbers, got " + parts[i]);
            }
            offsets[i + 1] = Math.addExact(offsets[i], parts[i]);
        }
        return offsets;
    }

    /**
     * What the owner of a part does: the weighted mean of those it heard.
     *
     * @param heard by peer, at least one with a weight above 0
     */
    public static void reduce(SortedMap<?, Contribution> heard, Floats average, Workers workers) {
        List<Floats> vectors = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        for (Contribution contribution : heard.values()) {
            vectors.add(contribution.numbers);
            weights.add(contribution.weight);
        }
        double[] each = weights.stream().mapToDouble(Double::doubleValue).toArray();
        WeightedMean.of(vectors, each, average, workers);
    }

    /** What the owner replies to a peer it heard: {@code reply := average - sent}. */
    public static void reply(Floats average, Floats sent, Floats reply) {
        WeightedMean.combine(List.of(average, sent), new double[] {1, -1}, 1, reply, Workers.SERIAL);
    }

    /** What a peer does with a reply: {@code local := local + reply}. Without a reply it leaves the part as it is. */
    public static void apply(Floats reply, Floats local) {
        FixedOrderSum.add(local, reply);
    }
}
