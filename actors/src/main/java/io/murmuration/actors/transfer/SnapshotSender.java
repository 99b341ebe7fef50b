package io.murmuration.actors.transfer;

import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Member;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A snapshot that is served: who has asked for which chunks, and whether anybody still needs it. At most {@code window}
 * chunks are owed to one receiver; what it asks beyond that is forgotten, and it asks again. Pure and single-threaded;
 * times are in nanoseconds.
 */
public final class SnapshotSender {

    /** A chunk to read and to send. */
    public record Due(Member receiver, int index) {}

    private static final class Receiver {
        private final Set<Integer> owed = new LinkedHashSet<>();
        private final Set<Integer> underWay = new TreeSet<>();
        private int refusals;
    }

    private final int stage;
    private final long version;
    private final Manifest manifest;
    private final TransferSettings settings;
    private final Set<Member> expected;
    private final boolean open;
    private final Map<Member, Receiver> receivers = new LinkedHashMap<>();
    private long lastAsked;

    /** @param expected who will ask; nobody named: whoever does */
    public SnapshotSender(
            int stage, long version, Manifest manifest, TransferSettings settings, List<Member> expected, long now) {
        this.stage = stage;
        this.version = version;
        this.manifest = manifest;
        this.settings = settings;
        this.expected = new TreeSet<>(expected);
        this.open = expected.isEmpty();
        this.lastAsked = now;
    }

    public int stage() {
        return stage;
    }

    public long version() {
        return version;
    }

    public Manifest manifest() {
        return manifest;
    }

    /** These will ask too. */
    public void expect(List<Member> more) {
        expected.addAll(more);
    }

    /** Whether {@code member} is served; its asking counts as a sign of life. */
    public boolean serves(Member member, long now) {
        boolean served = open || expected.contains(member);
        if (served) {
            lastAsked = now;
        }
        return served;
    }

    /**
     * Somebody who is served asks for chunks. It may ask for the next ones before this side knows that it has taken the last
     * ones, so a window of them may be owed beside a window that is under way; more is not what a receiver asks.
     */
    public void wanted(Member from, List<Integer> indices, long now) {
        lastAsked = now;
        Receiver receiver = receivers.computeIfAbsent(from, absent -> new Receiver());
        for (int index : indices) {
            boolean room = receiver.owed.size() < settings.window();
            if (room && index >= 0 && index < manifest.chunks() && !receiver.underWay.contains(index)) {
                receiver.owed.add(index);
            }
        }
    }

    /** What to read and offer now; it counts as under way. */
    public List<Due> due() {
        List<Due> due = new ArrayList<>();
        receivers.forEach((member, receiver) -> {
            Iterator<Integer> owed = receiver.owed.iterator();
            while (owed.hasNext() && receiver.underWay.size() < settings.window()) {
                int index = owed.next();
                owed.remove();
                receiver.underWay.add(index);
                due.add(new Due(member, index));
            }
        });
        return due;
    }

    public void delivered(Due chunk) {
        Receiver receiver = receivers.get(chunk.receiver());
        if (receiver != null) {
            receiver.underWay.remove(chunk.index());
            receiver.refusals = 0;
        }
    }

    /**
     * The chunk was not taken: it is owed again, unless its receiver refuses too often or {@code gone} for good.
     *
     * @return whether nothing is owed to its receiver any more, because of this
     */
    public boolean refused(Due chunk, boolean gone) {
        Receiver receiver = receivers.get(chunk.receiver());
        if (receiver != null && receiver.underWay.remove(chunk.index())) {
            receiver.refusals++;
            if (gone || receiver.refusals >= settings.attempts()) {
                receivers.remove(chunk.receiver());
                return true;
            }
            receiver.owed.add(chunk.index());
        }
        return false;
    }

    /** The receiver has what it needs. */
    public void released(Member receiver) {
        receivers.remove(receiver);
        expected.remove(receiver);
    }

    /** Nobody will ask any more, or nobody has asked for {@code pin-wait}. */
    public boolean over(long now) {
        return (!open && expected.isEmpty())
                || now - lastAsked >= settings.pinWait().toNanos();
    }

    /** When {@link #over} will be true if nobody asks. */
    public long overAt() {
        return lastAsked + settings.pinWait().toNanos();
    }
}
