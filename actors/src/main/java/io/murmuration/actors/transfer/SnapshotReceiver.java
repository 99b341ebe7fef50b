package io.murmuration.actors.transfer;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * A snapshot on its way from several donors to one receiver: whom to ask for what, and whom to believe. Every donor is
 * asked for its manifest first, and the one that most donors have is the one that counts; then chunks are asked for in a
 * window per donor, so that who is faster serves more. A chunk that is not what the manifest says makes its donor bad for
 * good; a donor that owes or refuses too many answers in a row is silent until it is named again. What has been written
 * stays written, whoever is lost.
 *
 * <p>Pure and single-threaded; bounded by one bit per chunk and the windows. Times are in nanoseconds.
 */
public final class SnapshotReceiver {

    /** What to ask of whom. */
    public sealed interface Request {
        Member donor();
    }

    /** Ask for the manifest. */
    public record ManifestRequest(Member donor) implements Request {}

    /** Ask for chunks. */
    public record ChunksRequest(Member donor, List<Integer> indices) implements Request {
        public ChunksRequest {
            indices = List.copyOf(indices);
        }
    }

    /** A donor that is not to be believed. */
    public record Bad(Member donor, String reason) {}

    /** Longer pauses than retry x 2^10 are the deadline's business. */
    private static final int MAX_DOUBLINGS = 10;

    /** A manifest is asked for again, without blame, after retry x 2^6, then twice as long, and so on within its deadline. */
    private static final int FIRST_DOUBLINGS = 6;

    private static final int QUARTERS = 4;

    private static final class Donor {
        private Optional<Manifest> manifest = Optional.empty();
        /** Deadline of the request for the manifest; none when not asked. */
        private OptionalLong manifestDue = OptionalLong.empty();
        /** A donor that has not heard of the receiver yet does not hear the first request: when to ask it once more. */
        private long askAgain;

        private int asks;
        /** Deadlines of chunks asked for. */
        private final TreeMap<Integer, Long> underWay = new TreeMap<>();

        private long notBefore = Long.MIN_VALUE;
        private int strikes;
        private boolean bad;
        private boolean silent;

        private boolean usable() {
            return !bad && !silent;
        }
    }

    private final int stage;
    private final long version;
    private final TransferSettings settings;
    private final Map<Member, Donor> donors = new LinkedHashMap<>();
    private Optional<Manifest> manifest = Optional.empty();
    private final BitSet underWay = new BitSet();
    private final BitSet written = new BitSet();
    private final List<Bad> newlyBad = new ArrayList<>();
    private int quarters;
    /** What is wanted of the snapshot, in bytes. */
    private long from;

    private long to = Long.MAX_VALUE;

    public SnapshotReceiver(int stage, long version, TransferSettings settings) {
        this.stage = stage;
        this.version = version;
        this.settings = settings;
    }

    public int stage() {
        return stage;
    }

    public long version() {
        return version;
    }

    /** Only the bytes from {@code begin} to before {@code end} are wanted; said before anything is asked. */
    void only(long begin, long end) {
        from = begin;
        to = end;
    }

    /** The first chunk that is wanted. */
    private int first() {
        return (int) (from / manifest.orElseThrow().chunkBytes());
    }

    /** The chunk behind the last that is wanted. */
    private int end() {
        Manifest agreed = manifest.orElseThrow();
        return to >= agreed.bytes() ? agreed.chunks() : (int) ((to - 1) / agreed.chunkBytes()) + 1;
    }

    /** These serve the snapshot. Who was silent gets another chance, who was bad does not. */
    public void donors(List<Member> named) {
        for (Member member : named) {
            Donor donor = donors.computeIfAbsent(member, absent -> new Donor());
            if (donor.silent) {
                donor.silent = false;
                donor.strikes = 0;
                donor.notBefore = Long.MIN_VALUE;
            }
        }
    }

    public List<Member> donors() {
        return List.copyOf(donors.keySet());
    }

    public Optional<Manifest> manifest() {
        return manifest;
    }

    /** What to ask now; it counts as asked. */
    public List<Request> due(long now) {
        expire(now);
        List<Request> requests = new ArrayList<>();
        for (Map.Entry<Member, Donor> entry : donors.entrySet()) {
            Donor donor = entry.getValue();
            if (!donor.usable() || donor.notBefore > now) {
                continue;
            }
            if (donor.manifest.isEmpty()) {
                if (donor.manifestDue.isEmpty()) {
                    donor.manifestDue =
                            OptionalLong.of(now + settings.deadline().toNanos());
                    donor.asks = 0;
                    donor.askAgain = now;
                }
                if (donor.askAgain <= now) {
                    donor.askAgain = now
                            + (settings.retry().toNanos() << Math.min(FIRST_DOUBLINGS + donor.asks, 2 * MAX_DOUBLINGS));
                    donor.asks++;
                    requests.add(new ManifestRequest(entry.getKey()));
                }
            } else if (manifest.isPresent()) {
                List<Integer> wanted = wanted(donor, now);
                if (!wanted.isEmpty()) {
                    requests.add(new ChunksRequest(entry.getKey(), wanted));
                }
            }
        }
        return requests;
    }

    private List<Integer> wanted(Donor donor, long now) {
        List<Integer> wanted = new ArrayList<>();
        int end = end();
        for (int index = free(first()); index < end && donor.underWay.size() < settings.window(); index = free(index)) {
            donor.underWay.put(index, now + settings.deadline().toNanos());
            underWay.set(index);
            wanted.add(index);
        }
        return wanted;
    }

    /** The next chunk, from {@code from} on, that is neither here nor asked for. */
    private int free(int from) {
        int index = from;
        while (written.get(index) || underWay.get(index)) {
            index++;
        }
        return index;
    }

    private void expire(long now) {
        for (Donor donor : donors.values()) {
            if (donor.manifestDue.isPresent() && donor.manifestDue.getAsLong() <= now) {
                donor.manifestDue = OptionalLong.empty();
                strike(donor, now);
            }
            List<Integer> late = donor.underWay.entrySet().stream()
                    .filter(entry -> entry.getValue() <= now)
                    .map(Map.Entry::getKey)
                    .toList();
            late.forEach(index -> {
                donor.underWay.remove(index);
                underWay.clear(index);
            });
            if (!late.isEmpty()) {
                strike(donor, now);
            }
        }
        choose();
    }

    private void strike(Donor donor, long now) {
        long pause = settings.retry().toNanos() << Math.min(donor.strikes, MAX_DOUBLINGS);
        donor.notBefore = now + Math.min(pause, settings.deadline().toNanos());
        donor.strikes++;
        if (donor.strikes >= settings.attempts()) {
            donor.silent = true;
            giveBack(donor);
        }
    }

    private void giveBack(Donor donor) {
        donor.underWay.keySet().forEach(underWay::clear);
        donor.underWay.clear();
        donor.manifestDue = OptionalLong.empty();
    }

    /** A donor's manifest has come. */
    public void manifest(Member from, Manifest said) {
        Donor donor = donors.get(from);
        if (donor == null || donor.bad || donor.manifest.isPresent()) {
            return;
        }
        donor.manifest = Optional.of(said);
        donor.manifestDue = OptionalLong.empty();
        donor.strikes = 0;
        manifest.filter(agreed -> !agreed.equals(said)).ifPresent(agreed -> dissents(from, donor));
        choose();
    }

    /** When every donor has answered or is given up, what most of them say counts; of equals, the first. */
    private void choose() {
        if (manifest.isPresent()
                || donors.values().stream().anyMatch(donor -> donor.usable() && donor.manifest.isEmpty())) {
            return;
        }
        Map<Manifest, Integer> votes = new LinkedHashMap<>();
        donors.values().stream()
                .filter(donor -> !donor.bad)
                .forEach(donor -> donor.manifest.ifPresent(said -> votes.merge(said, 1, Integer::sum)));
        for (Map.Entry<Manifest, Integer> entry : votes.entrySet()) {
            if (manifest.isEmpty() || entry.getValue() > votes.get(manifest.get())) {
                manifest = Optional.of(entry.getKey());
            }
        }
        manifest.ifPresent(agreed -> donors.forEach((member, donor) -> {
            if (donor.manifest.filter(said -> !said.equals(agreed)).isPresent()) {
                dissents(member, donor);
            }
        }));
    }

    private void dissents(Member member, Donor donor) {
        bad(member, donor, "its manifest of stage " + stage + " at version " + version + " is not that of the others");
    }

    private void bad(Member member, Donor donor, String reason) {
        if (!donor.bad) {
            donor.bad = true;
            giveBack(donor);
            newlyBad.add(new Bad(member, reason));
        }
    }

    /** The donor says something that cannot be. */
    public void bad(Member member, String reason) {
        Optional.ofNullable(donors.get(member)).ifPresent(donor -> bad(member, donor, reason));
    }

    /** The donor says that it cannot serve, or the way to it is gone. */
    public void refused(Member from, long now) {
        Donor donor = donors.get(from);
        if (donor != null && donor.usable()) {
            giveBack(donor);
            strike(donor, now);
        }
    }

    /** The donor is not there any more: what it owes is asked of the others at once, and nobody waits for its manifest. */
    public void gone(Member member) {
        Optional.ofNullable(donors.get(member)).ifPresent(donor -> {
            donor.silent = true;
            giveBack(donor);
        });
    }

    /** Why a chunk cannot be taken; empty if it can, also when it is late and no longer wanted. */
    public Optional<Refusal> refuse(DataFrame.StateChunk chunk) {
        Donor donor = donors.get(chunk.route().from());
        if (chunk.version() != version || chunk.stage() != stage || donor == null || manifest.isEmpty()) {
            return Optional.of(Refusal.of(
                    Refusal.Reason.NOT_OPEN,
                    "waits for stage " + stage + " at version " + version + " from " + donors.keySet() + ", got stage "
                            + chunk.stage() + " at version " + chunk.version()));
        }
        Manifest agreed = manifest.get();
        if (donor.bad
                || chunk.index() < 0
                || chunk.index() >= agreed.chunks()
                || chunk.payload().uncompressedBytes() != agreed.size(chunk.index())
                || chunk.payload().size() > agreed.size(chunk.index())) {
            return Optional.of(Refusal.of(
                    Refusal.Reason.INVALID,
                    "chunk " + chunk.index() + " with " + chunk.payload().size() + " bytes is not in " + agreed));
        }
        return Optional.empty();
    }

    /**
     * Takes a chunk that is not refused. True if it was asked of its sender and is to be checked; it then counts as under
     * way until {@link #checked}.
     */
    public boolean take(DataFrame.StateChunk chunk) {
        Donor donor = donors.get(chunk.route().from());
        if (donor.underWay.remove(chunk.index()) == null) {
            return false;
        }
        donor.strikes = 0;
        return true;
    }

    /** The digest of a chunk that was taken is known. True if it is what the manifest says and is to be written. */
    public boolean checked(Member from, int index, String digest) {
        underWay.clear(index);
        boolean right = manifest.orElseThrow().digests().get(index).equals(digest);
        if (right) {
            written.set(index);
        } else {
            bad(
                    from,
                    "chunk " + index + " of stage " + stage + " at version " + version + " has SHA-256 " + digest
                            + " in place of " + manifest.get().digests().get(index));
        }
        return right;
    }

    /** Donors found to be bad since the last call. */
    public List<Bad> takeBad() {
        List<Bad> taken = List.copyOf(newlyBad);
        newlyBad.clear();
        return taken;
    }

    /** Every chunk has been found right and handed on to be written. */
    public boolean complete() {
        return manifest.isPresent() && written.cardinality() == end() - first();
    }

    /** Nobody is left to ask. */
    public boolean stuck() {
        return !complete() && underWay.isEmpty() && donors.values().stream().noneMatch(Donor::usable);
    }

    /** A quarter mark (1 to 3) that has been passed since the last call. */
    public Optional<Integer> takeQuarter() {
        int passed = manifest.map(agreed -> (int) ((long) written.cardinality() * QUARTERS / (end() - first())))
                .orElse(0);
        if (passed <= quarters || passed >= QUARTERS) {
            return Optional.empty();
        }
        quarters = passed;
        return Optional.of(passed);
    }

    /** When, after {@code now}, there will be something to do although nothing comes. */
    public OptionalLong wake(long now) {
        OptionalLong wake = OptionalLong.empty();
        for (Donor donor : donors.values()) {
            if (donor.usable() && !complete()) {
                boolean asked = donor.manifestDue.isPresent() || !donor.underWay.isEmpty();
                if (asked) {
                    if (donor.manifestDue.isPresent()) {
                        wake = earliest(wake, Math.min(donor.askAgain, donor.manifestDue.getAsLong()));
                    }
                    for (long due : donor.underWay.values()) {
                        wake = earliest(wake, due);
                    }
                } else if (donor.notBefore > now) {
                    wake = earliest(wake, donor.notBefore);
                }
            }
        }
        return wake;
    }

    private static OptionalLong earliest(OptionalLong a, long b) {
        return OptionalLong.of(Math.min(a.orElse(Long.MAX_VALUE), b));
    }
}
