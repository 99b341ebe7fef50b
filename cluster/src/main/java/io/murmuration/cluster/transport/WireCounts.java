package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.DataFrame.Traffic;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Bytes that were offered to the wire, beside what they would be as fp32, and how often somebody else was turned away.
 * Thread-safe.
 */
public final class WireCounts {

    private final Map<Traffic, LongAdder> encoded =
            Map.of(Traffic.FORWARD, new LongAdder(), Traffic.BACKWARD, new LongAdder(), Traffic.BULK, new LongAdder());
    private final LongAdder uncompressed = new LongAdder();
    private final LongAdder snapshots = new LongAdder();
    /** By reason, of which there are as many as there are constants. */
    private final SortedMap<String, Long> turnedAway = new TreeMap<>();

    void count(DataFrame frame) {
        if (frame instanceof DataFrame.StateChunk || frame instanceof DataFrame.StateManifest) {
            snapshots.add(frame.payload().size());
        } else {
            encoded.get(frame.traffic()).add(frame.payload().size() + frame.extraBytes());
            uncompressed.add(frame.payload().uncompressedBytes() + frame.extraBytes());
        }
    }

    /** Somebody was turned away, or cut off. */
    public void turnedAway(Enum<?> reason) {
        synchronized (turnedAway) {
            turnedAway.merge(reason.name().toLowerCase(Locale.ROOT), 1L, Long::sum);
        }
    }

    /** How often who wanted to send was turned away or cut off, by the word for the reason; a copy. */
    public SortedMap<String, Long> turnedAway() {
        synchronized (turnedAway) {
            return new TreeMap<>(turnedAway);
        }
    }

    /** Activations, gradients, averaging and token ids, as encoded. */
    public long encodedBytes() {
        return encoded.values().stream().mapToLong(LongAdder::sum).sum();
    }

    /** The same of one class. */
    public long encodedBytes(Traffic traffic) {
        return encoded.get(traffic).sum();
    }

    /** The same with all numbers as fp32. */
    public long uncompressedBytes() {
        return uncompressed.sum();
    }

    /** Snapshots for joiners and checkpoints, which are never compressed. */
    public long snapshotBytes() {
        return snapshots.sum();
    }
}
