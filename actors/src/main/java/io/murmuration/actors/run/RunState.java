package io.murmuration.actors.run;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.TrainerMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The run as the coordinator sees it: gather members, then step after step open, close, commit; between steps let
 * joiners in, evaluate and keep checkpoints. Phases follow events; time is only a deadline.
 *
 * <p>Pure and single-threaded: events go in, messages to send and {@link RunEvent}s come out.
 */
final class RunState {

    /** Where the run is. */
    enum Phase {
        GATHERING,
        JOINING,
        EVALUATING,
        KEEPING,
        TRAINING,
        CLOSING,
        COMMITTING,
        OVER
    }

    /** What an event leads to. */
    sealed interface Effect {}

    record Send(Member to, ControlMessage message) implements Effect {}

    record Tell(RunEvent event) implements Effect {}

    private record Keeping(Member keeper, long version, List<List<Member>> donors) {}

    private final RunPlan plan;
    private final Members members;
    private final Joins joins;
    private final List<Effect> effects = new ArrayList<>();

    private Phase phase = Phase.GATHERING;
    private Roster roster;
    /** Trainers of the open step as it began. */
    private List<Member> ranks = List.of();

    /** Told to start over and not gone yet. */
    private final Set<Member> expelled = new TreeSet<>();

    private long version;
    private final SortedMap<Integer, Double> losses = new TreeMap<>();
    private Optional<StepClosing> closing = Optional.empty();
    private double gradientNorm;
    private final Map<Member, String> applied = new LinkedHashMap<>();
    private final SortedMap<Integer, String> digests = new TreeMap<>();
    private Optional<Keeping> keeping = Optional.empty();
    private long lastKeepTried = -1;
    private long evaluated = -1;
    /** A checkpoint is due and waits until joiners need the stages' copies no more. */
    private boolean keepPending;

    private int keepRepins;
    private long keepAskedAt;
    private boolean stopRequested;
    private long now;
    private long phaseBegan;
    private long lastNews;

    /** @param term of this coordinator; higher than that of any before */
    RunState(RunPlan plan, long term) {
        this.plan = plan;
        this.members = new Members(plan);
        this.joins = new Joins(plan, members);
        this.version = plan.firstVersion();
        this.roster = new Roster(new Epoch(term, 0), List.of(), List.of());
    }

    Phase phase() {
        return phase;
    }

    Roster roster() {
        return roster;
    }

    long version() {
        return version;
    }

    private List<Effect> take() {
        drainJoins();
        List<Effect> taken = List.copyOf(effects);
        effects.clear();
        return taken;
    }

    private void drainJoins() {
        effects.addAll(joins.take());
    }

    // ---- events -----------------------------------------------------------------------------------------------

    List<Effect> member(Membership.Event event, long time) {
        begin(time);
        switch (event) {
            case Membership.Joined(Member member, Role role) -> joined(member, role);
            case Membership.Removed(Member member, String reason) -> removed(member, reason);
            // Senders route around an unreachable peer by their own deadlines; only removal reassigns.
            case Membership.Unreachable(Member member) -> {}
            case Membership.Reachable(Member member) -> {}
            // Whoever leads has this state in its hands; another one that leads has its own.
            case Membership.Leads(Member member) -> {}
        }
        return take();
    }

    List<Effect> message(Member from, CoordinatorMessage message, long time) {
        begin(time);
        switch (message) {
            case CoordinatorMessage.Enlisted enlisted -> enlisted(from, enlisted);
            case CoordinatorMessage.TrainerEnlisted enlisted -> {
                members.trainerEnlisted(from);
                gathered();
                admitTrainerAtOnce();
            }
            case CoordinatorMessage.TrainerFinished finished -> trainerFinished(finished);
            case CoordinatorMessage.Tally tally -> {
                closing.ifPresent(step -> step.tally(from, tally));
                advance();
            }
            case CoordinatorMessage.Averaged averaged -> {
                closing.ifPresent(step -> step.averaged(from, averaged));
                advance();
            }
            case CoordinatorMessage.Applied done -> applied(from, done);
            case CoordinatorMessage.Fetching progress -> joins.fetching(from, progress);
            case CoordinatorMessage.BadDonor bad -> joins.badDonor(from, bad);
            case CoordinatorMessage.JoinFailed failed -> joinFailed(from, failed);
            case CoordinatorMessage.Unsound damaged -> joins.unsound(from, damaged);
            case CoordinatorMessage.Stored stored -> stored.versions().forEach(held -> joins.stored(from, held));
            case CoordinatorMessage.Kept kept -> {
                joins.stored(from, kept.version());
                kept(kept.version(), Optional.empty());
            }
            case CoordinatorMessage.NotKept failed -> kept(failed.version(), Optional.of(failed.reason()));
            case CoordinatorMessage.Superseded superseded -> {
                if (superseded.seen().term() > roster.epoch().term()) {
                    fail("superseded: " + from + " obeys term "
                            + superseded.seen().term() + ", this is term "
                            + roster.epoch().term());
                }
            }
        }
        return take();
    }

    /** Stop at the next step boundary, with a checkpoint. */
    List<Effect> stop(long time) {
        begin(time);
        stopRequested = true;
        if (phase == Phase.GATHERING) {
            enter(Phase.OVER);
            tell(new RunEvent.Finished(version, digests, true));
        }
        return take();
    }

    /** Time has passed: ask again for what is missing, end what took too long. */
    List<Effect> tick(long time) {
        now = time;
        if (now - lastNews >= plan.controlRetry().toNanos()) {
            lastNews = now;
            askAgain();
        }
        if (phase != Phase.GATHERING && phase != Phase.OVER) {
            joins.askAgain(roster, now);
            if (phase != Phase.KEEPING
                    && now - keepAskedAt >= plan.controlRetry().toNanos()) {
                keeping.filter(open -> members.keeper().equals(Optional.of(open.keeper())))
                        .ifPresent(open -> askToKeep(open.keeper()));
            }
        }
        boolean held = now - phaseBegan >= plan.holdBoundary().toNanos();
        if (phase == Phase.JOINING && now - phaseBegan >= plan.controlRetry().toNanos()) {
            if (held) {
                joins.endHold();
            } else {
                joins.endGrace();
            }
            joinsSettled();
        } else if (phase == Phase.KEEPING && held) {
            keeping.ifPresent(late -> kept(late.version(), Optional.of("not kept within " + plan.holdBoundary())));
        }
        return take();
    }

    private void begin(long time) {
        now = time;
        lastNews = time;
    }

    // ---- members ----------------------------------------------------------------------------------------------

    private void joined(Member member, Role role) {
        switch (role) {
            case SHARD -> {
                if (members.knows(member)) {
                    return;
                }
                if (phase == Phase.GATHERING) {
                    int stage = members.assign(member);
                    send(member, new ShardMessage.Enlist(roster.epoch(), stage, version, List.of()));
                } else {
                    members.joiner(member);
                }
            }
            case TRAINER -> {
                if (members.knows(member)) {
                    return;
                }
                members.trainer(member);
                send(member, new TrainerMessage.EnlistTrainer(roster.epoch()));
            }
            case KEEPER -> members.keeper(member);
            case COORDINATOR -> {}
        }
    }

    private void enlisted(Member from, CoordinatorMessage.Enlisted enlisted) {
        if (phase != Phase.GATHERING) {
            joins.reported(from, enlisted.version(), enlisted.digest());
            joinsSettled();
        } else if (enlisted.version() == version) {
            members.enlisted(from, enlisted.digest());
            gathered();
        }
    }

    private void gathered() {
        if (phase != Phase.GATHERING || !members.complete()) {
            return;
        }
        roster = members.roster(roster.epoch().next());
        for (int stage = 0; stage < plan.stages(); stage++) {
            List<String> distinct =
                    roster.stage(stage).stream().map(members::digest).distinct().toList();
            if (distinct.size() > 1) {
                fail("the replicas of stage " + stage + " start with different parameters: " + distinct);
                return;
            }
            digests.put(stage, distinct.getFirst());
        }
        tell(new RunEvent.Started(roster, version));
        joins.settled(version, digests);
        members.tooLateToBegin();
        evaluated = version < plan.lastVersion() ? version : -1;
        lastKeepTried = version;
        boundary();
    }

    private void removed(Member member, String reason) {
        boolean inRoster = roster.contains(member);
        joins.gone(member);
        members.removed(member);
        expelled.remove(member);
        if (phase == Phase.OVER || phase == Phase.GATHERING) {
            return;
        }
        if (!inRoster) {
            keeperGone(member);
            joinsSettled();
            return;
        }
        tell(new RunEvent.Lost(member, reason));
        applied.remove(member);
        roster = roster.without(member);
        for (int stage = 0; stage < plan.stages(); stage++) {
            if (roster.stage(stage).isEmpty()) {
                fail("stage " + stage + " has lost its last replica (" + member + ": " + reason + ")");
                return;
            }
        }
        keeping.filter(open -> open.donors().stream()
                        .anyMatch(donors -> donors.stream().noneMatch(roster::contains)))
                .ifPresent(open -> donorsOfKeeperGone(
                        open.version(), "its donors of a stage are gone, the last of them " + member));
        if (roster.trainers().isEmpty() && !members.trainers().isEmpty()) {
            admitTrainerAtOnce();
        } else {
            rosterChanged();
        }
    }

    /** A checkpoint of the present version can be begun anew with the next keeper, that of an older one not. */
    private void keeperGone(Member member) {
        keeping.filter(open -> open.keeper().equals(member)).ifPresent(open -> {
            if (phase != Phase.KEEPING || open.version() != version) {
                kept(open.version(), Optional.of("the keeper " + member + " is gone"));
            }
        });
    }

    /** A run without trainers takes the next one in the middle of a step; any other waits for the boundary. */
    private void admitTrainerAtOnce() {
        List<Member> trainers = members.trainers();
        if (phase != Phase.GATHERING && phase != Phase.OVER && roster.trainers().isEmpty() && !trainers.isEmpty()) {
            roster = new Roster(roster.epoch().next(), roster.stages(), trainers);
            ranks = trainers;
            rosterChanged();
        }
    }

    private void rosterChanged() {
        closing.ifPresent(step -> step.rosterChanged(roster));
        switch (phase) {
            case TRAINING, CLOSING, EVALUATING -> {
                broadcast(new MemberMessage.RosterChanged(roster));
                // A trainer that came in the middle knows nothing of the open step.
                roster.trainers().forEach(trainer -> send(trainer, open(true)));
                advance();
            }
            case COMMITTING -> {
                broadcast(new MemberMessage.RosterChanged(roster));
                commitSettled();
            }
            case JOINING -> joinsSettled();
            case KEEPING, GATHERING, OVER -> {}
        }
    }

    // ---- a step -----------------------------------------------------------------------------------------------

    /** Between steps: everything that may only happen here, then the next step. */
    private void boundary() {
        closing = Optional.empty();
        if (!members.trainers().equals(roster.trainers())) {
            roster = new Roster(roster.epoch().next(), roster.stages(), members.trainers());
        }
        boolean last = version >= plan.lastVersion();
        if (last || stopRequested) {
            joins.cancel();
        } else if (joinersHoldBoundary()) {
            return;
        }
        ranks = roster.trainers();
        boolean evaluationDue = last || (plan.evaluateEvery() > 0 && version % plan.evaluateEvery() == 0);
        if (evaluationDue && !stopRequested && evaluated != version && plan.evaluationMicrobatches() > 0) {
            evaluated = version;
            losses.clear();
            enter(Phase.EVALUATING);
            broadcast(open(false));
            return;
        }
        boolean over = last || stopRequested;
        boolean keepDue = over || keepPending || (plan.keepEvery() > 0 && version % plan.keepEvery() == 0);
        if (keepDue && lastKeepTried != version) {
            if (keeping.isPresent()) {
                enter(Phase.KEEPING);
                return;
            }
            keepPending = joins.busy();
            if (!keepPending) {
                keep();
            }
        }
        if (over && keeping.isPresent()) {
            enter(Phase.KEEPING);
            return;
        }
        if (over) {
            enter(Phase.OVER);
            tell(new RunEvent.Finished(version, digests, stopRequested && !last));
            return;
        }
        losses.clear();
        enter(Phase.TRAINING);
        broadcast(open(false));
    }

    /** Lets in who has caught up, lets begin who waits; true if somebody is to be waited for. */
    private boolean joinersHoldBoundary() {
        if (!joins.admit().isEmpty()) {
            roster = members.roster(roster.epoch().next());
        }
        joins.begin(roster, keepPending, now);
        drainJoins();
        boolean holds = joins.holds(roster);
        if (holds && phase != Phase.JOINING) {
            enter(Phase.JOINING);
        }
        return holds;
    }

    private MemberMessage.OpenStep open(boolean begun) {
        return phase == Phase.EVALUATING
                ? new MemberMessage.OpenStep(
                        roster, ranks, Purpose.EVALUATE, version, plan.evaluationMicrobatches(), begun)
                : new MemberMessage.OpenStep(roster, ranks, Purpose.TRAIN, version, plan.microbatches(), begun);
    }

    private void trainerFinished(CoordinatorMessage.TrainerFinished finished) {
        boolean training = phase == Phase.TRAINING && finished.purpose() == Purpose.TRAIN;
        boolean evaluating = phase == Phase.EVALUATING && finished.purpose() == Purpose.EVALUATE;
        if (finished.step() != version || !(training || evaluating)) {
            return;
        }
        losses.putAll(finished.losses());
        int expected = training ? plan.microbatches() : plan.evaluationMicrobatches();
        if (losses.size() < expected) {
            return;
        }
        if (training) {
            enter(Phase.CLOSING);
            closing = Optional.of(new StepClosing(roster, version, plan.microbatches(), joins.listeners()));
            advance();
        } else {
            tell(new RunEvent.Evaluated(version, meanLoss(), expected));
            boundary();
        }
    }

    private double meanLoss() {
        double sum = 0;
        for (double loss : losses.values()) {
            sum += loss;
        }
        return sum / losses.size();
    }

    private void advance() {
        if (phase != Phase.CLOSING || roster.trainers().isEmpty()) {
            return;
        }
        StepClosing step = closing.orElseThrow();
        try {
            step.advance().forEach(order -> send(order.to(), order.message()));
        } catch (IllegalStateException e) {
            fail(e.getMessage());
            return;
        }
        if (!step.prepared()) {
            return;
        }
        gradientNorm = step.gradientNorm();
        if (!Double.isFinite(gradientNorm)) {
            fail("the gradient of step " + version + " is not finite");
            return;
        }
        applied.clear();
        enter(Phase.COMMITTING);
        for (int stage = 0; stage < plan.stages(); stage++) {
            joins.committed(roster.epoch(), stage, version, step.invitation(stage), gradientNorm);
        }
        roster.stages().forEach(shards -> shards.forEach(this::commit));
    }

    private void commit(Member shard) {
        long round = closing.orElseThrow().round(shard);
        send(shard, new ShardMessage.Commit(roster.epoch(), version, round, gradientNorm));
    }

    private void applied(Member from, CoordinatorMessage.Applied done) {
        if (joins.isJoining(from)) {
            joins.reported(from, done.step() + 1, done.digest());
            joinsSettled();
        } else if (phase == Phase.COMMITTING && done.step() == version && roster.contains(from)) {
            applied.put(from, done.digest());
            commitSettled();
        }
    }

    /** When everybody has applied, compare what they have. */
    private void commitSettled() {
        for (List<Member> shards : roster.stages()) {
            if (!applied.keySet().containsAll(shards)) {
                return;
            }
        }
        List<Member> odd = new ArrayList<>();
        for (int stage = 0; stage < plan.stages(); stage++) {
            Map<String, Long> votes = roster.stage(stage).stream()
                    .collect(Collectors.groupingBy(applied::get, TreeMap::new, Collectors.counting()));
            Map.Entry<String, Long> most =
                    votes.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
            if (most.getValue() * 2 <= roster.stage(stage).size()) {
                fail("the replicas of stage " + stage + " disagree after step " + version + " and none has a majority: "
                        + votes);
                return;
            }
            digests.put(stage, most.getKey());
            roster.stage(stage).stream()
                    .filter(member -> !applied.get(member).equals(most.getKey()))
                    .forEach(odd::add);
        }
        tell(new RunEvent.StepCommitted(
                version,
                meanLoss(),
                gradientNorm,
                losses.size(),
                closing.orElseThrow().replayed(),
                roster.shards(),
                roster));
        version++;
        for (Member member : odd) {
            tell(new RunEvent.Lost(member, "its parameters differ from those of the majority"));
            members.removed(member);
        }
        if (!odd.isEmpty()) {
            odd.forEach(member -> roster = roster.without(member));
            expelled.addAll(odd);
            odd.forEach(member -> send(member, new MemberMessage.RosterChanged(roster)));
        }
        joins.settled(version, digests);
        boundary();
    }

    // ---- joiners ----------------------------------------------------------------------------------------------

    private void joinFailed(Member from, CoordinatorMessage.JoinFailed failed) {
        if (keeping.filter(open -> open.keeper().equals(from) && open.version() == failed.version())
                .isPresent()) {
            donorsOfKeeperGone(failed.version(), failed.reason());
        } else {
            joins.failed(from, failed, roster, now);
            joinsSettled();
        }
    }

    /** Who was waited for has come, or is not waited for any more. */
    private void joinsSettled() {
        if (phase == Phase.JOINING) {
            boundary();
        }
    }

    // ---- checkpoints ------------------------------------------------------------------------------------------

    private void keep() {
        lastKeepTried = version;
        keepRepins = 0;
        members.keeper().ifPresent(keeper -> {
            keeping = Optional.of(new Keeping(keeper, version, List.of()));
            askToKeep(keeper);
        });
    }

    /** Donors pin the version only while it is the present one; later the keeper makes do with those that have. */
    private void askToKeep(Member keeper) {
        keepAskedAt = now;
        Keeping open = keeping.orElseThrow();
        List<List<Member>> donors = open.donors();
        if (open.version() == version) {
            donors = new ArrayList<>();
            for (int stage = 0; stage < plan.stages(); stage++) {
                donors.add(joins.pin(roster, stage, keeper));
            }
            drainJoins();
        }
        keeping = Optional.of(new Keeping(keeper, open.version(), donors));
        send(keeper, new KeeperMessage.Keep(roster.epoch(), open.version(), donors));
    }

    /** The keeper has nobody left to ask: others may still pin the present version, for a while. */
    private void donorsOfKeeperGone(long of, String reason) {
        keepRepins++;
        if (of == version && keepRepins < plan.joins().attempts()) {
            askToKeep(keeping.orElseThrow().keeper());
        } else {
            kept(of, Optional.of(reason));
        }
    }

    private void kept(long keptVersion, Optional<String> problem) {
        Optional<Keeping> done = keeping.filter(open -> open.version() == keptVersion);
        if (done.isEmpty()) {
            return;
        }
        joins.unpin(done.get().keeper());
        keeping = Optional.empty();
        tell(problem.<RunEvent>map(reason -> new RunEvent.NotKept(keptVersion, reason))
                .orElseGet(() -> new RunEvent.Kept(keptVersion)));
        if (phase == Phase.KEEPING || phase == Phase.JOINING) {
            boundary();
        }
    }

    // ---- small things -----------------------------------------------------------------------------------------

    private void askAgain() {
        switch (phase) {
            case GATHERING -> {
                members.unenlistedShards()
                        .forEach((member, stage) ->
                                send(member, new ShardMessage.Enlist(roster.epoch(), stage, version, List.of())));
            }
            case TRAINING, EVALUATING -> broadcast(open(true));
            case CLOSING -> {
                // Whoever missed that the step began can answer nothing about it.
                broadcast(open(true));
                if (!roster.trainers().isEmpty()) {
                    askAgainToClose();
                }
            }
            case COMMITTING ->
                roster.stages().forEach(shards -> shards.stream()
                        .filter(member -> !applied.containsKey(member))
                        .forEach(this::commit));
            case KEEPING -> members.keeper().ifPresent(this::askToKeep);
            case JOINING, OVER -> {}
        }
        if (phase != Phase.OVER) {
            expelled.forEach(member -> send(member, new MemberMessage.RosterChanged(roster)));
            members.unenlistedTrainers()
                    .forEach(member -> send(member, new TrainerMessage.EnlistTrainer(roster.epoch())));
        }
    }

    private void askAgainToClose() {
        StepClosing step = closing.orElseThrow();
        try {
            step.askAgain().forEach(order -> send(order.to(), order.message()));
        } catch (IllegalStateException e) {
            fail(e.getMessage());
        }
    }

    private void enter(Phase next) {
        phase = next;
        phaseBegan = now;
    }

    private void fail(String reason) {
        enter(Phase.OVER);
        tell(new RunEvent.Failed(reason));
    }

    private void broadcast(MemberMessage message) {
        roster.stages().forEach(shards -> shards.forEach(member -> send(member, message)));
        roster.trainers().forEach(member -> send(member, message));
    }

    private void send(Member to, ControlMessage message) {
        effects.add(new Send(to, message));
    }

    private void tell(RunEvent event) {
        effects.add(new Tell(event));
    }
}
