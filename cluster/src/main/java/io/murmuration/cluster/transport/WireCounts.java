package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.DataFrame;
import java.util.concurrent.atomic.LongAdder;

/** Bytes that were offered to the wire, beside what they would be as fp32. Thread-safe. */
public final class WireCounts {

    private final LongAdder encoded = new LongAdder();
    private final LongAdder uncompressed = new LongAdder();
    private final LongAdder snapshots = new LongAdder();

    void count(DataFrame frame) {
        if (frame instanceof DataFrame.StateChunk || frame instanceof DataFrame.StateManifest) {
            snapshots.add(frame.payload().size());
        } else {
            encoded.add(frame.payload().size() + frame.extraBytes());
            uncompressed.add(frame.payload().uncompressedBytes() + frame.extraBytes());
        }
    }

    /** Activations, gradients, averaging and token ids, as encoded. */
    public long encodedBytes() {
        return encoded.sum();
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
