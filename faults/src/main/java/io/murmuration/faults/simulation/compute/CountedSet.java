package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What was counted into a gradient, and how often: the symbolic stand-in for its numbers. Encoded as runs of consecutive
 * microbatches, so that a whole step takes 20 bytes.
 */
public final class CountedSet {

    private static final int RUN_BYTES = Long.BYTES + 3 * Integer.BYTES;

    private final TreeMap<MicrobatchId, Integer> counts = new TreeMap<>();

    private record Run(long step, int first, int last, int count) {
        private boolean goesOn(MicrobatchId id, int times) {
            return id.step() == step && id.index() == last + 1 && times == count;
        }
    }

    void count(MicrobatchId id) {
        counts.merge(id, 1, Integer::sum);
    }

    void clear() {
        counts.clear();
    }

    void addAll(CountedSet other) {
        other.counts.forEach((id, count) -> counts.merge(id, count, Integer::sum));
    }

    /** How often each microbatch was counted, at least once. */
    public SortedMap<MicrobatchId, Integer> counts() {
        return new TreeMap<>(counts);
    }

    byte[] encode() {
        ByteBuffer bytes = ByteBuffer.allocate(counts.size() * RUN_BYTES);
        Iterator<Map.Entry<MicrobatchId, Integer>> entries = counts.entrySet().iterator();
        Run run = null;
        while (entries.hasNext()) {
            Map.Entry<MicrobatchId, Integer> entry = entries.next();
            MicrobatchId id = entry.getKey();
            if (run != null && run.goesOn(id, entry.getValue())) {
                run = new Run(run.step(), run.first(), id.index(), run.count());
                continue;
            }
            put(bytes, run);
            run = new Run(id.step(), id.index(), id.index(), entry.getValue());
        }
        put(bytes, run);
        byte[] encoded = new byte[bytes.position()];
        bytes.flip().get(encoded);
        return encoded;
    }

    private static void put(ByteBuffer bytes, Run run) {
        if (run != null) {
            bytes.putLong(run.step()).putInt(run.first()).putInt(run.last()).putInt(run.count());
        }
    }

    /** @throws IllegalArgumentException if the bytes are none of a set */
    public static CountedSet decode(byte[] encoded) {
        CountedSet set = new CountedSet();
        ByteBuffer bytes = ByteBuffer.wrap(encoded);
        try {
            while (bytes.hasRemaining()) {
                long step = bytes.getLong();
                int first = bytes.getInt();
                int last = bytes.getInt();
                int count = bytes.getInt();
                for (int index = first; index <= last; index++) {
                    set.counts.merge(new MicrobatchId(Purpose.TRAIN, step, index), count, Integer::sum);
                }
            }
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException(
                    "expected runs of " + RUN_BYTES + " bytes each, got " + encoded.length + " bytes", e);
        }
        return set;
    }
}
