package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Who is present and how far each has come: waiting, taking a snapshot, or enlisted and so part of the next roster. Pure
 * and single-threaded.
 */
final class Members {

    private enum Progress {
        /** Known, not yet asked to do anything. */
        WAITING,
        /** Building its initial state, or taking a snapshot. */
        JOINING,
        ENLISTED,
        /** Failed to take a snapshot too often; stays out until it is a new incarnation. */
        REJECTED
    }

    private static final int NO_STAGE = -1;

    private static final class Shard {
        private int stage = NO_STAGE;
        private Progress progress = Progress.WAITING;
        private String digest = "";
        private int failures;
    }

    private final RunPlan plan;
    private final Map<Member, Shard> shards = new TreeMap<>();
    /** Whether each trainer has enlisted. */
    private final Map<Member, Boolean> trainers = new TreeMap<>();

    private Optional<Member> keeper = Optional.empty();

    Members(RunPlan plan) {
        this.plan = plan;
    }

    /** Gives a shard that builds the initial state the stage with the fewest shards. */
    int assign(Member member) {
        Shard shard = new Shard();
        shard.stage = fewest();
        shard.progress = Progress.JOINING;
        shards.put(member, shard);
        return shard.stage;
    }

    private int fewest() {
        int fewest = 0;
        for (int stage = 1; stage < plan.stages(); stage++) {
            if (present(stage) < present(fewest)) {
                fewest = stage;
            }
        }
        return fewest;
    }

    private long present(int stage) {
        return shards.values().stream()
                .filter(shard -> shard.stage == stage)
                .filter(shard -> shard.progress != Progress.REJECTED)
                .count();
    }

    boolean knows(Member member) {
        return shards.containsKey(member) || trainers.containsKey(member);
    }

    /** The run begins without those who have not built their initial state: they take a snapshot like any joiner. */
    void tooLateToBegin() {
        with(Progress.JOINING).forEach(member -> shards.get(member).progress = Progress.WAITING);
    }

    void joiner(Member member) {
        shards.put(member, new Shard());
    }

    void trainer(Member member) {
        trainers.put(member, false);
    }

    void trainerEnlisted(Member member) {
        trainers.computeIfPresent(member, (known, enlisted) -> true);
    }

    void keeper(Member member) {
        keeper = Optional.of(member);
    }

    Optional<Member> keeper() {
        return keeper;
    }

    void removed(Member member) {
        shards.remove(member);
        trainers.remove(member);
        keeper = keeper.filter(known -> !known.equals(member));
    }

    void enlisted(Member member, String digest) {
        Shard shard = shards.get(member);
        if (shard != null) {
            shard.progress = Progress.ENLISTED;
            shard.digest = digest;
        }
    }

    /** Enough of everybody to begin. */
    boolean complete() {
        Roster roster = roster(Epoch.NONE);
        return roster.trainers().size() >= plan.trainers()
                && roster.stages().stream().allMatch(stage -> stage.size() >= plan.replicas());
    }

    Roster roster(Epoch epoch) {
        List<List<Member>> stages = new ArrayList<>();
        for (int stage = 0; stage < plan.stages(); stage++) {
            List<Member> enlisted = new ArrayList<>();
            for (Map.Entry<Member, Shard> entry : shards.entrySet()) {
                if (entry.getValue().progress == Progress.ENLISTED && entry.getValue().stage == stage) {
                    enlisted.add(entry.getKey());
                }
            }
            stages.add(enlisted);
        }
        return new Roster(epoch, stages, trainers());
    }

    /** Trainers that have enlisted. */
    List<Member> trainers() {
        return trainers.entrySet().stream()
                .filter(Map.Entry::getValue)
                .map(Map.Entry::getKey)
                .toList();
    }

    String digest(Member member) {
        return shards.get(member).digest;
    }

    int stage(Member member) {
        return shards.get(member).stage;
    }

    /** Shards that may begin to join, in order. */
    List<Member> waiting() {
        return with(Progress.WAITING);
    }

    /** The stage of a joiner: at every attempt the one that has the fewest others, those on their way included. */
    int assignJoiner(Member member) {
        Shard shard = shards.get(member);
        shard.stage = NO_STAGE;
        shard.stage = fewest();
        return shard.stage;
    }

    void joining(Member member) {
        shards.get(member).progress = Progress.JOINING;
    }

    /** Attempts to join that failed. */
    int failures(Member member) {
        Shard shard = shards.get(member);
        return shard == null ? 0 : shard.failures;
    }

    /** An attempt to join failed; it waits for the next boundary. */
    void joinFailed(Member member) {
        Shard shard = shards.get(member);
        shard.failures++;
        shard.progress = Progress.WAITING;
    }

    /** It stays out until it is a new incarnation. */
    void rejected(Member member) {
        shards.get(member).progress = Progress.REJECTED;
    }

    List<Member> unenlistedTrainers() {
        return trainers.entrySet().stream()
                .filter(entry -> !entry.getValue())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Shards that build the initial state, with their stages. */
    Map<Member, Integer> unenlistedShards() {
        Map<Member, Integer> unenlisted = new TreeMap<>();
        with(Progress.JOINING).forEach(member -> unenlisted.put(member, stage(member)));
        return unenlisted;
    }

    private List<Member> with(Progress progress) {
        return shards.entrySet().stream()
                .filter(entry -> entry.getValue().progress == progress)
                .map(Map.Entry::getKey)
                .toList();
    }
}
