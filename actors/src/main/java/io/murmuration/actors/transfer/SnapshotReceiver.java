package io.murmuration.actors.transfer;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Refusal;
import java.util.BitSet;
import java.util.Optional;

/** A snapshot as it arrives. Pure and single-threaded. */
public final class SnapshotReceiver {

    /** A larger count is a lie: 1 Mi chunks of the smallest size are more than any stage. */
    private static final int MAX_CHUNKS = 1 << 20;

    private final int stage;
    private final long version;
    private final BitSet arrived = new BitSet();
    private int chunks = -1;

    public SnapshotReceiver(int stage, long version) {
        this.stage = stage;
        this.version = version;
    }

    public long version() {
        return version;
    }

    /** Why a chunk cannot be taken; empty if it can. */
    public Optional<Refusal> refuse(DataFrame.StateChunk chunk) {
        if (chunk.version() != version || chunk.stage() != stage) {
            return Optional.of(Refusal.of(
                    Refusal.Reason.NOT_OPEN,
                    "waits for stage " + stage + " at version " + version + ", got stage " + chunk.stage()
                            + " at version " + chunk.version()));
        }
        if (chunk.chunks() < 1
                || chunk.chunks() > MAX_CHUNKS
                || (chunks > 0 && chunk.chunks() != chunks)
                || chunk.index() < 0
                || chunk.index() >= chunk.chunks()) {
            return Optional.of(Refusal.of(
                    Refusal.Reason.INVALID, "chunk " + chunk.index() + " of " + chunk.chunks() + " cannot be"));
        }
        return Optional.empty();
    }

    /** Takes a chunk that is not refused; true if it is new. */
    public boolean take(DataFrame.StateChunk chunk) {
        chunks = chunk.chunks();
        boolean fresh = !arrived.get(chunk.index());
        arrived.set(chunk.index());
        return fresh;
    }

    public boolean complete() {
        return chunks > 0 && arrived.cardinality() == chunks;
    }
}
