package io.murmuration.actors.transfer;

import io.murmuration.actors.protocol.Member;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * A pinned snapshot on its way to one receiver: which chunks are to be offered next. Pure and single-threaded; at most
 * {@code window} chunks are under way.
 */
public final class SnapshotSender {

    private final Member receiver;
    private final long version;
    private final int chunks;
    private final int window;
    private final int attemptsAllowed;
    private final BitSet delivered = new BitSet();
    private final BitSet underWay = new BitSet();
    private int refusals;

    /** @param attemptsAllowed refusals in a row after which the receiver is given up */
    public SnapshotSender(Member receiver, long version, int chunks, int window, int attemptsAllowed) {
        this.receiver = receiver;
        this.version = version;
        this.chunks = chunks;
        this.window = window;
        this.attemptsAllowed = attemptsAllowed;
    }

    public Member receiver() {
        return receiver;
    }

    public long version() {
        return version;
    }

    public int chunks() {
        return chunks;
    }

    /** Chunks to read and offer now; they count as under way. */
    public List<Integer> due() {
        List<Integer> due = new ArrayList<>();
        for (int chunk = delivered.nextClearBit(0);
                chunk < chunks && underWay.cardinality() < window;
                chunk = delivered.nextClearBit(chunk + 1)) {
            if (!underWay.get(chunk)) {
                underWay.set(chunk);
                due.add(chunk);
            }
        }
        return due;
    }

    public void delivered(int chunk) {
        underWay.clear(chunk);
        delivered.set(chunk);
        refusals = 0;
    }

    /** The chunk was not taken and is due again. */
    public void refused(int chunk) {
        underWay.clear(chunk);
        refusals++;
    }

    public boolean complete() {
        return delivered.cardinality() == chunks;
    }

    public boolean hopeless() {
        return refusals >= attemptsAllowed;
    }
}
