package io.murmuration.actors.run;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The run begins, or begins again: every shard gets a stage and builds the same version of it, from a keeper or from the
 * run's start state. Pure and single-threaded.
 */
final class Building {

    private final Desk desk;
    private final Patience patience;
    private Optional<Member> source;
    /** Who says that the source serves something wrong. */
    private final Set<Member> complaining = new TreeSet<>();

    Building(Desk desk) {
        this.desk = desk;
        this.patience = new Patience(desk);
        desk.version = desk.newestVersion();
        this.source = desk.source();
        desk.roster = new Roster(desk.epoch().next(), List.of(), List.of());
        desk.history = desk.epoch();
        desk.promises.shardsBut(desk.expelled()).forEach(this::shard);
        desk.promises.trainersBut(desk.expelled()).forEach(this::trainer);
    }

    void shard(Member member, Standing.OfShard standing) {
        if (!standing.fresh()) {
            desk.expel(member, false, "the run begins from version " + desk.version);
        } else if (!desk.members.knows(member)) {
            desk.members.assign(member);
            enlist(member);
        }
    }

    void trainer(Member member, Standing.OfTrainer standing) {
        if (standing.open().isPresent()) {
            desk.expel(member, false, "the run begins from version " + desk.version);
        } else {
            desk.members.trainer(member);
        }
    }

    private void enlist(Member member) {
        List<Member> donors = source.map(List::of).orElse(List.of());
        desk.send(
                member,
                new ShardMessage.Enlist(desk.epoch(), desk.history, desk.members.stage(member), desk.version, donors));
    }

    void enlisted(Member from, CoordinatorMessage.Enlisted enlisted) {
        if (enlisted.version() == desk.version && desk.members.isJoining(from)) {
            desk.members.enlisted(from, enlisted.digest());
        }
    }

    /** The keeper is gone, or cannot serve the version after all. False if nobody else can: an older one is needed. */
    boolean withoutSource(Member keeper) {
        if (source.isEmpty() || !source.get().equals(keeper)) {
            return true;
        }
        source = desk.source();
        complaining.clear();
        if (source.isPresent()) {
            askAgain();
        }
        return source.isPresent();
    }

    /**
     * Who does not believe the source does so for all its life, so it starts over. True if another one has said the same:
     * then it is the source that is wrong.
     */
    boolean badDonor(Member from, Member donor) {
        if (source.filter(donor::equals).isEmpty() || !desk.members.isJoining(from)) {
            return false;
        }
        complaining.add(from);
        desk.expel(from, false, "it does not believe " + donor + ", from which the run begins");
        return complaining.size() > 1;
    }

    void askAgain() {
        desk.members.nowJoining().forEach(this::enlist);
    }

    void tick() {
        patience.tick();
        spread();
    }

    /** Somebody must serve every stage: where nobody does, one of those whose stage has more starts over for it. */
    private void spread() {
        int stages = desk.plan.stages();
        for (int stage = 0; stage < stages; stage++) {
            if (desk.members.present(stage) == 0) {
                for (int other = 0; other < stages; other++) {
                    List<Member> surplus = desk.members.enlisted(other);
                    if (surplus.size() > 1) {
                        desk.expel(surplus.getLast(), false, "stage " + stage + " has nobody");
                        return;
                    }
                }
                desk.waitFor("stage " + stage + " has no shard");
            }
        }
    }

    /** True once the run can begin. */
    boolean complete() {
        if (desk.members.joining() && !patience.waited(desk.plan.gatherWait())) {
            return false;
        }
        Roster roster = desk.members.roster(desk.epoch());
        return !roster.trainers().isEmpty() && roster.stages().stream().noneMatch(List::isEmpty);
    }

    /** The first roster; who built something else than most of its stage is not in it. */
    void begin() {
        for (int stage = 0; stage < desk.plan.stages(); stage++) {
            Map<String, List<Member>> byDigest = new TreeMap<>();
            desk.members.enlisted(stage).forEach(member -> byDigest.computeIfAbsent(
                            desk.members.digest(member), digest -> new ArrayList<>())
                    .add(member));
            Map.Entry<String, List<Member>> most = byDigest.entrySet().stream()
                    .max(Map.Entry.comparingByValue((a, b) -> a.size() - b.size()))
                    .orElseThrow();
            desk.digests.put(stage, most.getKey());
            byDigest.values().stream()
                    .filter(same -> same != most.getValue())
                    .forEach(odd -> odd.forEach(member -> {
                        desk.tell(new RunEvent.Lost(member, RunEvent.Lost.STARTS_OTHERWISE));
                        desk.expel(member, true, RunEvent.Lost.STARTS_OTHERWISE);
                    }));
        }
        desk.roster = desk.members.roster(desk.epoch().next());
        desk.proven = desk.roster;
        if (source.isPresent()) {
            desk.members.tooLateToBegin();
        } else {
            // What it has built by itself it takes for its place, and would listen to no average.
            List.copyOf(desk.members.nowJoining())
                    .forEach(member -> desk.expel(member, false, "the run has begun without it"));
        }
        desk.waitsNoMore();
        desk.tell(new RunEvent.Started(desk.roster, desk.version));
    }
}
