package io.murmuration.actors.routing;

import io.murmuration.actors.protocol.Member;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * Chooses the next stage's replica: interleaved weighted round robin, as in SWARM (arXiv 2301.11913, and the code of
 * yandex-research/swarm). A heap holds every replica's accumulated cost; the cheapest is taken and charged
 * {@code work / rate} before the call, so long-run shares are proportional to measured rates.
 *
 * <p>Unlike there, what is charged to a replica whose rate is not known yet is a guess that is put right as soon as more is
 * known: it is taken to be as fast as the others in the mean, or to take a second while nobody is known. With a second for
 * good, which is hundreds of microbatches of a fast replica, shares follow the order of the first answers for thousands of
 * microbatches, and a newcomer among fast replicas gets one microbatch and then none.
 *
 * <p>Pure and single-threaded; random only in ties.
 */
public final class StageRouter {

    private static final class Replica {
        private final Member member;
        private double load;
        private double tie;
        /** Work charged before anything was measured, and for how much. */
        private double unmeasured;

        private double guessed;
        /** For a unit of work. */
        private final SmoothedSeconds seconds = new SmoothedSeconds();

        private long lastUpdate = Long.MIN_VALUE;
        private long bannedUntil = Long.MIN_VALUE;
        private int failures;

        private Replica(Member member) {
            this.member = member;
        }

        private boolean measured() {
            return seconds.known();
        }

        /** Seconds per unit of work, once something is measured. */
        private double secondsPerUnit() {
            return seconds.value();
        }

        /** What was guessed is charged anew. */
        private void reprice(double secondsPerUnit) {
            load += unmeasured * secondsPerUnit - guessed;
            guessed = unmeasured * secondsPerUnit;
        }
    }

    /** Seconds per unit of work while nobody's rate is known: SWARM's value; any other would do, as all are charged the same. */
    private static final double UNKNOWN_SECONDS = 1.0;

    private static final Comparator<Replica> CHEAPEST = Comparator.<Replica>comparingDouble(replica -> replica.load)
            .thenComparingDouble(replica -> replica.tie)
            .thenComparing(replica -> replica.member);

    private final RandomGenerator random;
    private final long banNanos;
    private final Map<Member, Replica> replicas = new LinkedHashMap<>();
    private final PriorityQueue<Replica> heap = new PriorityQueue<>(CHEAPEST);

    /**
     * @param random breaks ties
     * @param banNanos how long the first failure keeps a replica out; doubles with every further one in a row
     */
    public StageRouter(RandomGenerator random, long banNanos) {
        this.random = random;
        this.banNanos = banNanos;
    }

    /** Sets who is there. A newcomer enters at the heap's minimum, so it is tried soon and not flooded. */
    public void members(List<Member> members) {
        // Without what is guessed: once that is put right it may turn out to be a hundredth.
        double minimum = heap.stream()
                .mapToDouble(replica -> replica.load - replica.guessed)
                .min()
                .orElse(0);
        replicas.keySet().retainAll(members);
        heap.removeIf(replica -> !replicas.containsKey(replica.member));
        for (Member member : members) {
            if (!replicas.containsKey(member)) {
                Replica replica = new Replica(member);
                replica.load = minimum;
                replica.tie = random.nextDouble();
                replicas.put(member, replica);
                heap.add(replica);
            }
        }
    }

    /** The cheapest replica that {@code free} allows and that is not banned, charged with {@code work}. */
    public Optional<Member> pick(double work, long now, Predicate<Member> free) {
        List<Replica> passed = new ArrayList<>();
        Optional<Member> chosen = Optional.empty();
        while (chosen.isEmpty() && !heap.isEmpty()) {
            Replica replica = heap.poll();
            passed.add(replica);
            if (now >= replica.bannedUntil && free.test(replica.member)) {
                charge(replica, work);
                chosen = Optional.of(replica.member);
            }
        }
        heap.addAll(passed);
        return chosen;
    }

    /** Charges a replica that was chosen for another reason than its price. */
    public void chosen(Member member, double work) {
        Replica replica = replicas.get(member);
        if (replica != null) {
            heap.remove(replica);
            charge(replica, work);
            heap.add(replica);
        }
    }

    /** A call came back: {@code work} units took from {@code started} to {@code now}, in nanoseconds. */
    public void succeeded(Member member, double work, long started, long now) {
        Replica replica = replicas.get(member);
        if (replica == null) {
            return;
        }
        // Overlapping calls share the replica: time before the last answer was spent on an earlier call.
        long from = Math.max(started, replica.lastUpdate);
        boolean first = !replica.measured();
        replica.seconds.add(Math.max(now - from, 1) * 1e-9 / work);
        replica.lastUpdate = now;
        replica.failures = 0;
        replica.bannedUntil = Long.MIN_VALUE;
        if (first) {
            firstMeasured(replica);
        }
    }

    /** One more is known: its own charges become what they should have been, and the guess about the others a better one. */
    private void firstMeasured(Replica replica) {
        replica.reprice(replica.secondsPerUnit());
        replica.unmeasured = 0;
        replica.guessed = 0;
        double guess = guess();
        for (Replica other : replicas.values()) {
            if (!other.measured()) {
                other.reprice(guess);
            }
        }
        heap.clear();
        heap.addAll(replicas.values());
    }

    /** What a unit of work takes at the mean of the known rates. */
    private double guess() {
        double rates = 0;
        int known = 0;
        for (Replica replica : replicas.values()) {
            if (replica.measured()) {
                rates += 1 / replica.secondsPerUnit();
                known++;
            }
        }
        return known == 0 ? UNKNOWN_SECONDS : known / rates;
    }

    /**
     * The way to a replica failed: it is left out for a while. A missed deadline is no failure. One that fails while the
     * replica is left out was offered before: when a connection breaks, all that waited for it fail at once.
     */
    public void failed(Member member, long now) {
        Replica replica = replicas.get(member);
        if (replica != null && now >= replica.bannedUntil) {
            replica.bannedUntil = now + (banNanos << Math.min(replica.failures, 6));
            replica.failures++;
        }
    }

    private void charge(Replica replica, double work) {
        if (replica.measured()) {
            replica.load += work * replica.secondsPerUnit();
        } else {
            double cost = work * guess();
            replica.load += cost;
            replica.unmeasured += work;
            replica.guessed += cost;
        }
        replica.tie = random.nextDouble();
    }
}
