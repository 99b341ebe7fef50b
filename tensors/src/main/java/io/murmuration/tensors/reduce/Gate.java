package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.optim.Norms;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What every vector passes before anything is combined: one that is not finite makes Krum choose it, and makes median,
 * geometric median and CenteredClip return NaN.
 *
 * @param length numbers that a vector must have
 * @param longest largest L2 norm that is let through; infinite for any finite vector
 */
public record Gate(long length, double longest) {

    /** What the gate says of one vector. */
    public sealed interface Verdict {

        /** @param norm L2 norm */
        record Accepted(double norm) implements Verdict {}

        /** @param reason what was expected and what came, in one line */
        record Refused(String reason) implements Verdict {}
    }

    /**
     * @param accepted what may be combined, in the order of the replicas
     * @param verdicts of all replicas
     */
    public record Passed<K>(SortedMap<K, Floats> accepted, SortedMap<K, Verdict> verdicts) {}

    public Gate {
        if (length < 0 || !(longest > 0)) {
            throw new IllegalArgumentException(
                    "expected a length of at least 0 and a longest norm above 0, got " + length + " and " + longest);
        }
    }

    /** Looks at every vector. None is changed, and a bad one does not stop the others. */
    public <K> Passed<K> check(SortedMap<K, Floats> vectors, Workers workers) {
        List<Map.Entry<K, Floats>> entries = new ArrayList<>(vectors.entrySet());
        Verdict[] found = new Verdict[entries.size()];
        workers.run(found.length, i -> found[i] = check(entries.get(i).getValue()));
        SortedMap<K, Floats> accepted = new TreeMap<>(vectors.comparator());
        SortedMap<K, Verdict> verdicts = new TreeMap<>(vectors.comparator());
        for (int i = 0; i < found.length; i++) {
            K replica = entries.get(i).getKey();
            verdicts.put(replica, found[i]);
            if (found[i] instanceof Verdict.Accepted) {
                accepted.put(replica, entries.get(i).getValue());
            }
        }
        return new Passed<>(Collections.unmodifiableSortedMap(accepted), Collections.unmodifiableSortedMap(verdicts));
    }

    /** Looks at one vector. */
    public Verdict check(Floats vector) {
        if (vector.length() != length) {
            return new Verdict.Refused("expected " + length + " numbers, got " + vector.length());
        }
        // A square of an fp32 number is finite in fp64, and so is a sum of 2^63 of them: only NaN and infinity are not.
        double norm = Math.sqrt(Norms.squaredNorm(vector));
        if (!(norm <= Double.MAX_VALUE)) {
            long at = firstNotFinite(vector);
            return new Verdict.Refused("expected finite numbers, got " + vector.get(at) + " at " + at);
        }
        if (norm > longest) {
            return new Verdict.Refused("expected a norm of at most " + longest + ", got " + norm);
        }
        return new Verdict.Accepted(norm);
    }

    private static long firstNotFinite(Floats vector) {
        for (long i = 0; i < vector.length(); i++) {
            if (!Float.isFinite(vector.get(i))) {
                return i;
            }
        }
        throw new IllegalStateException(
                "a vector whose norm is not finite has only finite numbers: was it written to?");
    }
}
