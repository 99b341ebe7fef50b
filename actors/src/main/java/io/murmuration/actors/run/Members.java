package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Roster;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Who takes part and how far each has come: waiting, building or taking a version, or enlisted and so part of the next
 * roster. Pure and single-threaded.
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
    private final Set<Member> trainers = new TreeSet<>();

    Members(RunPlan plan) {
        this.plan = plan;
    }

    /**
     * Gives a shard that builds the first version the stage with the fewest shards; of several the one with the fewest of its
     * home, then the lowest. Where a node's shards come one after the other, as they do in their order by name, and none has
     * come before, no stage gets more of one home than it has to: n shards of a home in S stages are at most ceil(n / S) in
     * each. Who comes later has what is left.
     */
    int assign(Member member) {
        Shard shard = new Shard();
        shard.stage = fewest(member.peer().home());
        shard.progress = Progress.JOINING;
        shards.put(member, shard);
        return shard.stage;
    }

    /** A shard that holds its stage already. */
    void adopt(Member member, int stage, String digest) {
        Shard shard = new Shard();
        shard.stage = stage;
        shard.digest = digest;
        shard.progress = Progress.ENLISTED;
        shards.put(member, shard);
    }

    private int fewest(String home) {
        return IntStream.range(0, plan.stages())
                .boxed()
                .min(Comparator.<Integer>comparingInt(this::present).thenComparingLong(stage -> ofHome(stage, home)))
                .orElseThrow();
    }

    private long ofHome(int stage, String home) {
        return shards.entrySet().stream()
                .filter(entry -> entry.getValue().stage == stage
                        && entry.getValue().progress != Progress.REJECTED
                        && entry.getKey().peer().home().equals(home))
                .count();
    }

    /** Shards that have a stage or are about to. */
    int present(int stage) {
        return (int) shards.values().stream()
                .filter(shard -> shard.stage == stage)
                .filter(shard -> shard.progress != Progress.REJECTED)
                .count();
    }

    boolean knows(Member member) {
        return shards.containsKey(member) || trainers.contains(member);
    }

    /** The run begins without those who have not built their version: they take a snapshot like any joiner. */
    void tooLateToBegin() {
        with(Progress.JOINING).forEach(member -> shards.get(member).progress = Progress.WAITING);
    }

    void joiner(Member member) {
        shards.put(member, new Shard());
    }

    void trainer(Member member) {
        trainers.add(member);
    }

    void removed(Member member) {
        shards.remove(member);
        trainers.remove(member);
    }

    /** Everybody, to begin anew with nobody. */
    List<Member> clear() {
        List<Member> all = new ArrayList<>(shards.keySet());
        all.addAll(trainers);
        shards.clear();
        trainers.clear();
        return all;
    }

    void enlisted(Member member, String digest) {
        Shard shard = shards.get(member);
        if (shard != null) {
            shard.progress = Progress.ENLISTED;
            shard.digest = digest;
        }
    }

    Roster roster(Epoch epoch) {
        List<List<Member>> stages = new ArrayList<>();
        for (int stage = 0; stage < plan.stages(); stage++) {
            stages.add(enlisted(stage));
        }
        return new Roster(epoch, stages, trainers());
    }

    /** Shards that hold the stage. */
    List<Member> enlisted(int stage) {
        return shards.entrySet().stream()
                .filter(entry -> entry.getValue().progress == Progress.ENLISTED && entry.getValue().stage == stage)
                .map(Map.Entry::getKey)
                .toList();
    }

    List<Member> trainers() {
        return List.copyOf(trainers);
    }

    String digest(Member member) {
        return shards.get(member).digest;
    }

    int stage(Member member) {
        return shards.get(member).stage;
    }

    /** Whether somebody builds or takes a version. */
    boolean joining() {
        return !with(Progress.JOINING).isEmpty();
    }

    boolean isJoining(Member member) {
        return shards.containsKey(member) && shards.get(member).progress == Progress.JOINING;
    }

    List<Member> nowJoining() {
        return with(Progress.JOINING);
    }

    /** Shards that may begin to join, in order. */
    List<Member> waiting() {
        return with(Progress.WAITING);
    }

    /** The stage of a joiner, which may be another at every attempt. */
    void assignJoiner(Member member, int stage) {
        shards.get(member).stage = stage;
    }

    /** The stage of everybody who has one or is on its way to it. */
    Map<Member, Integer> placed() {
        Map<Member, Integer> placed = new TreeMap<>();
        shards.forEach((member, shard) -> {
            if (shard.stage != NO_STAGE && shard.progress != Progress.REJECTED) {
                placed.put(member, shard.stage);
            }
        });
        return placed;
    }

    /** Whether any life of the peer is a shard here. */
    boolean isThere(PeerId peer) {
        return shards.keySet().stream().anyMatch(member -> member.peer().equals(peer));
    }

    void joining(Member member) {
        shards.get(member).progress = Progress.JOINING;
    }

    /** It builds a stage that nobody has. */
    void rebuilds(Member member, int stage) {
        shards.get(member).stage = stage;
        shards.get(member).progress = Progress.JOINING;
    }

    /** What it was about to do is off, and no fault of its own. */
    void waits(Member member) {
        shards.get(member).progress = Progress.WAITING;
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

    private List<Member> with(Progress progress) {
        return shards.entrySet().stream()
                .filter(entry -> entry.getValue().progress == progress)
                .map(Map.Entry::getKey)
                .toList();
    }
}
