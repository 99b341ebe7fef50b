package io.murmuration.actors.run;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Roster;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the parts of a coordinator's state have in common: who is there, which version the run is at, and what is to be
 * sent and told. Single-threaded.
 */
final class Desk {

    private record Expulsion(boolean fault, String reason) {}

    final RunPlan plan;
    final Member self;
    final Members members;
    final Promises promises = new Promises();
    final Checkpoints checkpoints;
    final Joins joins;
    final Departures departures;
    final Balance balance;
    /** Of parameters and optimiser state of every stage at the present version. */
    final SortedMap<Integer, String> digests = new TreeMap<>();

    Roster roster;
    /**
     * The roster of those who were seen to hold what the run goes on with: by an order that they carried out, or by their
     * promise. Who was let in since, and perhaps does not know of it, would begin anew if this coordinator were lost.
     */
    Roster proven = Roster.EMPTY;

    long version;
    /** Under which epoch the run began, or began anew. */
    Epoch history = Epoch.NONE;

    /** No version after this one is part of the run's history, whatever a keeper has. */
    long newestPossible = Long.MAX_VALUE;

    long now;

    /** Told to start over and not gone yet. */
    private final Map<Member, Expulsion> expelled = new TreeMap<>();

    private final List<RunState.Effect> effects = new ArrayList<>();
    private String waitsFor = "";

    Desk(RunPlan plan, Member self, long term, long now) {
        this.plan = plan;
        this.self = self;
        this.members = new Members(plan);
        this.checkpoints = new Checkpoints(plan.copies());
        this.joins = new Joins(this);
        this.departures = new Departures(this);
        this.balance = new Balance(this);
        this.version = plan.firstVersion();
        this.roster = new Roster(new Epoch(term, 0), List.of(), List.of());
        this.now = now;
    }

    Epoch epoch() {
        return roster.epoch();
    }

    void send(Member to, ControlMessage message) {
        effects.add(new RunState.Send(to, message));
    }

    void broadcast(MemberMessage message) {
        roster.stages().forEach(shards -> shards.forEach(member -> send(member, message)));
        roster.trainers().forEach(member -> send(member, message));
    }

    void tell(RunEvent event) {
        effects.add(new RunState.Tell(event));
    }

    /** Says once what the run waits for. */
    void waitFor(String reason) {
        if (!reason.equals(waitsFor)) {
            waitsFor = reason;
            tell(new RunEvent.Waiting(reason));
        }
    }

    void waitsNoMore() {
        waitsFor = "";
    }

    /** This coordinator has nothing to do any more. */
    void retire() {
        effects.add(RunState.Retire.RETIRE);
    }

    List<RunState.Effect> take() {
        List<RunState.Effect> taken = List.copyOf(effects);
        effects.clear();
        return taken;
    }

    /** The member is to start over; it takes part no longer and is told until it is gone. */
    void expel(Member member, boolean fault, String reason) {
        joins.gone(member);
        members.removed(member);
        if (roster.contains(member)) {
            roster = roster.without(member);
        }
        expelled.put(member, new Expulsion(fault, reason));
        tellToStartOver(member);
    }

    /** Tells all who were expelled and are still there once more. */
    void remindExpelled() {
        expelled.keySet().forEach(this::tellToStartOver);
    }

    private void tellToStartOver(Member member) {
        Expulsion expulsion = expelled.get(member);
        send(member, new MemberMessage.StartOver(epoch(), expulsion.fault(), expulsion.reason()));
    }

    Set<Member> expelled() {
        return expelled.keySet();
    }

    void gone(Member member) {
        joins.gone(member);
        balance.gone(member, "it is gone");
        members.removed(member);
        promises.removed(member);
        expelled.remove(member);
    }

    /** Where the present version comes from: a keeper, or, if empty, everybody builds the run's start state. */
    Optional<Member> source() {
        return version > plan.firstVersion() ? checkpoints.source(version) : Optional.empty();
    }

    /** The newest version that can be had from a keeper, or else the run's start state. */
    long newestVersion() {
        return checkpoints.newest(plan.firstVersion() + 1, newestPossible).orElse(plan.firstVersion());
    }
}
