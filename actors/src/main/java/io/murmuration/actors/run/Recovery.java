package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Standing;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Where the run is, as those tell it who have promised a new coordinator to obey. A pure function.
 *
 * <p>A step is committed as soon as anybody has applied it: then every stage had its average, the others still have it,
 * and they commit it with the same norm. If nobody has, the step goes on where it was.
 */
final class Recovery {

    /** What was found. */
    sealed interface Finding {}

    /** Nobody holds anything. */
    record Nothing() implements Finding {}

    /**
     * Some stage is with nobody who has promised.
     *
     * @param version the newest that anybody holds
     * @param begun whether anybody has trained or measured it; if not, it was still being built
     */
    record Incomplete(long version, boolean begun, String reason) implements Finding {}

    /**
     * Every stage is there.
     *
     * @param history under which epoch the run began that goes on
     * @param version of the whole run; the step that makes the next one may be applied by some already
     * @param stages who goes on in each
     * @param lagging shards whose state is of no use
     * @param commitment set if that step is to be committed
     * @param training set if that step, or the one that follows the version, is open
     * @param closed whether it is being closed
     */
    record Found(
            Epoch history,
            long version,
            List<List<Member>> stages,
            List<Member> lagging,
            Optional<Commitment> commitment,
            boolean training,
            boolean closed,
            List<Member> ranks)
            implements Finding {}

    private final int stages;
    private final Epoch history;
    /** Those of another history are among them: they are of no use. */
    private final List<Member> holding;

    private final Map<Member, Standing.OfShard> shards;
    private final Map<Member, Standing.OfTrainer> trainers;
    private final long top;
    /** The order by which the newest version was made; empty if the step after it is open: then nobody waits for it. */
    private final Optional<Standing.Committed> committed;

    private Recovery(
            int stages,
            Epoch history,
            List<Member> holding,
            Map<Member, Standing.OfShard> shards,
            Map<Member, Standing.OfTrainer> trainers,
            long top) {
        this.stages = stages;
        this.history = history;
        this.holding = holding;
        this.shards = shards;
        this.trainers = trainers;
        this.top = top;
        boolean opened = shards.values().stream()
                .anyMatch(shard -> shard.opened(Purpose.TRAIN, top) || shard.opened(Purpose.EVALUATE, top));
        this.committed = shards.values().stream()
                .filter(shard -> shard.version() == top && !opened)
                .flatMap(shard -> shard.committed().stream())
                .filter(commit -> commit.step() == top - 1)
                .findFirst();
    }

    static Finding of(int stages, Map<Member, Standing.OfShard> shards, Map<Member, Standing.OfTrainer> trainers) {
        Map<Member, Standing.OfShard> holding = new TreeMap<>(shards);
        holding.values().removeIf(Standing.OfShard::fresh);
        return history(holding)
                .map(history -> {
                    Map<Member, Standing.OfShard> ofIt = new TreeMap<>(holding);
                    ofIt.values().removeIf(shard -> !shard.history().equals(history));
                    long top = ofIt.values().stream()
                            .mapToLong(Standing.OfShard::version)
                            .max()
                            .orElseThrow();
                    return new Recovery(stages, history, List.copyOf(holding.keySet()), ofIt, trainers, top).find();
                })
                .orElseGet(Nothing::new);
    }

    /** Of several beginnings the last one after which anything was done; else the last. */
    private static Optional<Epoch> history(Map<Member, Standing.OfShard> holding) {
        Optional<Epoch> begun = holding.values().stream()
                .filter(Recovery::begun)
                .map(Standing.OfShard::history)
                .max(Comparator.naturalOrder());
        return begun.or(
                () -> holding.values().stream().map(Standing.OfShard::history).max(Comparator.naturalOrder()));
    }

    private static boolean begun(Standing.OfShard shard) {
        return shard.open().isPresent() || shard.committed().isPresent();
    }

    private Finding find() {
        List<List<Member>> able = new ArrayList<>();
        List<Member> lagging = new ArrayList<>(holding);
        for (int stage = 0; stage < stages; stage++) {
            List<Member> here = able(stage);
            // What was just applied is voted on when all have applied it.
            if (committed.isEmpty()) {
                here = agreeing(here);
            }
            if (here.isEmpty()) {
                boolean begun = shards.values().stream().anyMatch(Recovery::begun)
                        || trainers.values().stream()
                                .anyMatch(trainer -> trainer.open().isPresent());
                return new Incomplete(
                        top,
                        begun,
                        "stage " + stage + " at version " + top + " is with nobody who can be reached and agreed on");
            }
            lagging.removeAll(here);
            able.add(here);
        }
        return committed.isPresent() ? committing(able, lagging) : goingOn(able, lagging);
    }

    /** Who has the newest version of a stage, or all that is needed to make it. */
    private List<Member> able(int stage) {
        Map<Member, Standing.OfShard> here = new LinkedHashMap<>();
        shards.forEach((member, shard) -> {
            if (shard.stage() == stage) {
                here.put(member, shard);
            }
        });
        // Of several averages of the same gradients the one that was applied here counts, else the last.
        Optional<Long> applied = here.values().stream()
                .filter(shard -> shard.version() == top)
                .flatMap(shard -> shard.committed().stream())
                .filter(commit -> commit.step() == top - 1)
                .map(Standing.Committed::round)
                .findFirst();
        Optional<Long> round = applied.or(() -> here.values().stream()
                .filter(shard -> shard.version() == top - 1)
                .flatMap(shard -> shard.prepared().stream())
                .map(Standing.Prepared::round)
                .max(Long::compare));
        List<Member> able = new ArrayList<>();
        here.forEach((member, shard) -> {
            boolean prepared = committed.isPresent()
                    && round.isPresent()
                    && shard.version() == top - 1
                    && shard.prepared().map(Standing.Prepared::round).equals(round);
            if (shard.version() == top || prepared) {
                able.add(member);
            }
        });
        return able;
    }

    /**
     * Those with the digest that more than half have; nobody if there is none. A step is opened only to those who agree,
     * so the word of who has begun it counts alone.
     */
    private List<Member> agreeing(List<Member> members) {
        Map<String, List<Member>> byDigest = new TreeMap<>();
        Optional<String> compared = members.stream()
                .map(shards::get)
                .filter(shard -> shard.opened(Purpose.TRAIN, top) || shard.opened(Purpose.EVALUATE, top))
                .map(Standing.OfShard::digest)
                .findFirst();
        if (compared.isPresent()) {
            return members.stream()
                    .filter(member -> shards.get(member).digest().equals(compared.get()))
                    .toList();
        }
        members.forEach(member -> byDigest.computeIfAbsent(shards.get(member).digest(), digest -> new ArrayList<>())
                .add(member));
        return byDigest.values().stream()
                .filter(same -> same.size() * 2 > members.size())
                .findFirst()
                .orElse(List.of());
    }

    private Found committing(List<List<Member>> able, List<Member> lagging) {
        Map<Member, Long> rounds = new TreeMap<>();
        Map<Member, String> applied = new TreeMap<>();
        able.forEach(members -> members.forEach(member -> {
            Standing.OfShard shard = shards.get(member);
            if (shard.version() == top) {
                applied.put(member, shard.digest());
            } else {
                rounds.put(member, shard.prepared().orElseThrow().round());
            }
        }));
        var commitment = new Commitment(top - 1, committed.orElseThrow().gradientNorm(), 0, rounds, applied);
        return new Found(history, top - 1, able, lagging, Optional.of(commitment), true, true, List.of());
    }

    private Found goingOn(List<List<Member>> able, List<Member> lagging) {
        Optional<Standing.OfTrainer> knowing = trainers.values().stream()
                .filter(trainer -> trainer.opened(Purpose.TRAIN, top))
                .findFirst();
        boolean open = false;
        boolean closed = false;
        for (List<Member> members : able) {
            for (Member member : members) {
                boolean here = shards.get(member).opened(Purpose.TRAIN, top);
                open |= here;
                closed |= here && shards.get(member).closed();
            }
        }
        return new Found(
                history,
                top,
                able,
                lagging,
                Optional.empty(),
                open || knowing.isPresent(),
                closed,
                knowing.map(Standing.OfTrainer::ranks).orElse(List.of()));
    }
}
