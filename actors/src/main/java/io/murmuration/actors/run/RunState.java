package io.murmuration.actors.run;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The run as the coordinator sees it: take over, then step after step open, close, commit; between steps let members in
 * and out, evaluate and keep checkpoints. Phases follow events; time is only a deadline.
 *
 * <p>Pure and single-threaded: events go in, messages to send and {@link RunEvent}s come out.
 */
final class RunState {

    /** Where the run is. */
    enum Phase {
        /** Collects promises, or, when nobody holds anything, waits for members. */
        TAKING_OVER,
        /** Everybody builds the version that the run begins from. */
        BUILDING,
        /** A stage that nobody has is built from its neighbours, at the version in place. */
        REBUILDING,
        JOINING,
        EVALUATING,
        KEEPING,
        /** Between two steps, and stays there until it is told to go on. */
        PAUSED,
        TRAINING,
        CLOSING,
        COMMITTING,
        /** Replicas disagree and do their update again. */
        REDOING,
        OVER
    }

    /** What an event leads to. */
    sealed interface Effect {}

    record Send(Member to, ControlMessage message) implements Effect {}

    record Tell(RunEvent event) implements Effect {}

    /** This coordinator is to end: another has its place, or is to have it. */
    enum Retire implements Effect {
        RETIRE
    }

    /** Numbers of rounds and of orders to close begin with the term, so that no two coordinators use the same. */
    private static final int TERM_SHIFT = 32;

    private record GoingBack(long from, String reason) {}

    private record LostWhileCommitting(int stage, String reason) {}

    private final RunPlan plan;
    private final Desk desk;
    private final Departures departures;
    private TakeOver takeOver;
    private Optional<Building> building = Optional.empty();
    private Optional<GoingBack> goingBack = Optional.empty();
    private Optional<Rebuilding> rebuilding = Optional.empty();
    /** Of the last step that this coordinator has closed. */
    private Optional<LostStage.Norms> norms = Optional.empty();
    /** The stage that was lost while the others commit, and how: it is built when they have done so. */
    private Optional<LostWhileCommitting> lostWhileCommitting = Optional.empty();

    private Phase phase = Phase.TAKING_OVER;
    /** Trainers of the open step as it began. */
    private List<Member> ranks = List.of();

    private final SortedMap<Integer, Double> losses = new TreeMap<>();
    private final EarlySteps early = new EarlySteps();
    /** Up to this step anything may have begun under another coordinator. */
    private long begunBefore = -1;

    private Optional<StepClosing> closing = Optional.empty();
    private Optional<Commitment> commitment = Optional.empty();
    private final Keeping keeping;
    private long evaluated = -1;
    /** The last number of a round or of an order to close. */
    private long numbers;

    private boolean stopRequested;
    /** No step is to be opened. */
    private boolean pauseWanted;
    /** Told that no step is opened, and not yet that steps are opened again. */
    private boolean pauseTold;

    private boolean handingOver;
    private long phaseBegan;
    /** For what the present phase waits for. */
    private final AskAgain asking;

    /**
     * @param self the coordinator
     * @param term to begin with; raised if somebody has seen a higher one
     */
    RunState(RunPlan plan, Member self, long term, long time) {
        this.plan = plan;
        this.desk = new Desk(plan, self, term, time);
        this.departures = desk.departures;
        this.takeOver = TakeOver.first(desk);
        this.phaseBegan = time;
        this.asking = new AskAgain(plan.controlRetry(), time);
        this.keeping = new Keeping(desk);
    }

    Phase phase() {
        return phase;
    }

    Roster roster() {
        return desk.roster;
    }

    long version() {
        return desk.version;
    }

    /** Of parameters and optimiser state of every stage at this version. */
    SortedMap<Integer, String> digests() {
        return desk.digests;
    }

    // ---- events -----------------------------------------------------------------------------------------------

    List<Effect> member(Membership.Event event, long time) {
        desk.now = time;
        switch (event) {
            case Membership.Joined(Member member, Role role) -> {
                if (phase != Phase.OVER && desk.promises.joined(member, role)) {
                    desk.send(member, new MemberMessage.TakeOver(desk.epoch()));
                }
            }
            case Membership.Removed(Member member, String reason) -> removed(member, reason);
            // Senders route around an unreachable peer; only removal reassigns.
            case Membership.Unreachable(Member member) -> {
                desk.promises.unreachable(member);
                settle();
            }
            case Membership.Reachable(Member member) -> {
                desk.promises.reachable(member);
                // What was said to it meanwhile may be lost.
                asking.restart(time);
                keeping.askSoon();
            }
            case Membership.Leads(Member member) -> {}
        }
        return desk.take();
    }

    List<Effect> message(Member from, CoordinatorMessage message, long time) {
        desk.now = time;
        switch (message) {
            case CoordinatorMessage.Promised(Epoch epoch, Standing standing) -> {
                if (phase != Phase.OVER
                        && epoch.term() == desk.epoch().term()
                        && !desk.expelled().contains(from)
                        && desk.promises.promised(from, epoch, standing)) {
                    promised(from, standing);
                }
            }
            case CoordinatorMessage.Superseded superseded -> superseded(from, superseded);
            case CoordinatorMessage.Leaving leaving -> leaving(from);
            case CoordinatorMessage.Enlisted enlisted -> enlisted(from, enlisted);
            case CoordinatorMessage.TrainerFinished finished -> trainerFinished(finished);
            case CoordinatorMessage.Tally tally -> {
                if (closing.isPresent() && closing.get().tally(from, tally)) {
                    asking.restart(time);
                }
                advance();
            }
            case CoordinatorMessage.Averaged averaged -> {
                closing.ifPresent(step -> step.averaged(from, averaged));
                advance();
            }
            case CoordinatorMessage.Applied done -> {
                if (desk.joins.isJoining(from)) {
                    desk.joins.reported(from, done.step() + 1, done.digest());
                    joinsSettled();
                } else if (phase == Phase.COMMITTING && done.step() == desk.version && desk.roster.contains(from)) {
                    commitment.orElseThrow().applied(from, done.digest());
                    commitSettled();
                }
            }
            case CoordinatorMessage.Redone redone -> {
                if (phase == Phase.REDOING && redone.step() == desk.version && desk.roster.contains(from)) {
                    commitment.orElseThrow().redone(from, redone.digest());
                    redoSettled();
                }
            }
            case CoordinatorMessage.Load load -> desk.balance.load(from, load);
            case CoordinatorMessage.Fetching progress -> desk.joins.fetching(from, progress);
            case CoordinatorMessage.BadDonor bad -> badDonor(from, bad);
            case CoordinatorMessage.JoinFailed failed -> joinFailed(from, failed);
            case CoordinatorMessage.Unsound damaged -> {
                desk.checkpoints.lacks(from, damaged.version());
                desk.tell(new RunEvent.Unsound(from, damaged.version(), damaged.reason()));
                if (phase == Phase.BUILDING && damaged.version() == desk.version) {
                    withoutSource(from, damaged.reason());
                }
            }
            case CoordinatorMessage.Kept kept ->
                checkpointSettled(keeping.answered(from, kept.version(), Optional.empty()));
            case CoordinatorMessage.NotKept failed -> {
                desk.checkpoints.lacks(from, failed.version());
                checkpointSettled(keeping.answered(from, failed.version(), Optional.of(failed.reason())));
            }
        }
        return desk.take();
    }

    /** Stop at the next step boundary, with a checkpoint. */
    List<Effect> stop(long time) {
        desk.now = time;
        stopRequested = true;
        if (phase == Phase.TAKING_OVER || phase == Phase.BUILDING) {
            enter(Phase.OVER);
            desk.tell(new RunEvent.Finished(desk.version, desk.digests, true));
        }
        goOnPausing();
        return desk.take();
    }

    /**
     * Open no step from the next boundary on, until {@link #resume}. What else happens between steps goes on: members come
     * and go, a checkpoint is kept if it is asked for.
     */
    List<Effect> pause(long time) {
        desk.now = time;
        pauseWanted = true;
        return desk.take();
    }

    /** Open steps again. */
    List<Effect> resume(long time) {
        desk.now = time;
        pauseWanted = false;
        if (pauseTold) {
            pauseTold = false;
            desk.tell(new RunEvent.Resumed(desk.version));
        }
        goOnPausing();
        return desk.take();
    }

    /** Keep a checkpoint at the next boundary, at once if the run is paused; {@link RunEvent.Kept} or its opposite says how it went. */
    List<Effect> checkpoint(long time) {
        desk.now = time;
        keeping.want();
        goOnPausing();
        return desk.take();
    }

    /** A paused run looks at its boundary again: something that may happen there has come. */
    private void goOnPausing() {
        if (phase == Phase.PAUSED) {
            boundary();
        }
    }

    /** End at the next step boundary, so that another coordinator takes over. */
    List<Effect> handOver(long time) {
        desk.now = time;
        handingOver = true;
        if (phase == Phase.TAKING_OVER || phase == Phase.BUILDING || phase == Phase.OVER) {
            handedOver();
        }
        goOnPausing();
        return desk.take();
    }

    /** Time has passed: ask again for what is missing, end what took too long. */
    List<Effect> tick(long time) {
        desk.now = time;
        if (asking.due(time)) {
            askAgain();
        }
        if (phase != Phase.OVER) {
            // News of the step hide it if one of these was lost: they are said again whatever else happens.
            desk.promises.missing().forEach(member -> desk.send(member, new MemberMessage.TakeOver(desk.epoch())));
            desk.remindExpelled();
            if (phase != Phase.TAKING_OVER && phase != Phase.BUILDING) {
                desk.joins.askAgain();
                if (phase != Phase.PAUSED && phase != Phase.REBUILDING) {
                    desk.balance.look();
                }
            }
            keeping.askAgain();
        }
        boolean held = time - phaseBegan >= plan.holdBoundary().toNanos();
        switch (phase) {
            case TAKING_OVER -> {
                takeOver.tick();
                settle();
            }
            case BUILDING -> {
                building.orElseThrow().tick();
                settle();
            }
            case REBUILDING -> rebuilding.orElseThrow().advance();
            case JOINING -> {
                if (time - phaseBegan >= plan.controlRetry().toNanos()) {
                    if (held) {
                        desk.joins.endHold();
                    } else {
                        desk.joins.endGrace();
                    }
                    joinsSettled();
                }
            }
            case KEEPING -> {
                if (held) {
                    checkpointSettled(keeping.giveUp("not kept within " + plan.holdBoundary()));
                }
            }
            // Who came, asked to go or has caught up meanwhile is served as at any boundary.
            case PAUSED -> {
                if (keeping.isLate()) {
                    checkpointSettled(keeping.giveUp("not kept within " + plan.holdBoundary()));
                } else {
                    boundary();
                }
            }
            default -> {}
        }
        return desk.take();
    }

    // ---- taking over ------------------------------------------------------------------------------------------

    private void promised(Member from, Standing standing) {
        if (standing instanceof Standing.OfKeeper keeper) {
            desk.checkpoints.keeper(from, keeper.versions());
        }
        if (phase == Phase.TAKING_OVER) {
            boolean holds = standing instanceof Standing.OfShard shard && !shard.fresh();
            if (takeOver.isAnew() && holds) {
                desk.expel(from, false, "the run has gone back to version " + desk.version);
            }
            settle();
            return;
        }
        switch (standing) {
            case Standing.OfShard shard
            when phase == Phase.BUILDING -> building.orElseThrow().shard(from, shard);
            case Standing.OfTrainer trainer
            when phase == Phase.BUILDING -> {
                building.orElseThrow().trainer(from, trainer);
                settle();
            }
            case Standing.OfShard shard -> {
                if (shard.fresh()) {
                    desk.members.joiner(from);
                    rebuilding.ifPresent(Rebuilding::advance);
                } else {
                    desk.expel(from, false, "what it holds comes too late: the run goes on without it");
                }
            }
            case Standing.OfTrainer trainer -> {
                admit(from, trainer, desk.version + 1);
                admitTrainerAtOnce();
            }
            case Standing.OfKeeper keeper -> {}
        }
    }

    /** Goes on from taking over, or from building, as soon as that is possible. */
    private void settle() {
        if (phase == Phase.TAKING_OVER) {
            takeOver.settle().ifPresent(finding -> {
                switch (finding) {
                    case Recovery.Found found -> goOn(found);
                    case Recovery.Incomplete lost -> {
                        desk.version = lost.version();
                        if (lost.begun() || lost.version() > desk.newestVersion()) {
                            rollBack(lost.reason());
                        } else {
                            beginAnew();
                        }
                    }
                    case Recovery.Nothing nothing -> build();
                }
            });
        } else if (phase == Phase.BUILDING && building.orElseThrow().complete()) {
            building.get().begin();
            building = Optional.empty();
            fromTheStart();
            desk.joins.settled(desk.version, desk.digests);
            boundary();
        }
    }

    private void build() {
        building = Optional.of(new Building(desk));
        enter(Phase.BUILDING);
        goingBack.ifPresent(back ->
                desk.tell(new RunEvent.RolledBack(Math.max(back.from(), desk.version), desk.version, back.reason())));
        goingBack = Optional.empty();
    }

    /** The version the run begins from was kept and measured when it was made. */
    private void fromTheStart() {
        evaluated = desk.version < plan.lastVersion() ? desk.version : -1;
        keeping.begun();
    }

    private void goOn(Recovery.Found found) {
        desk.version = found.version();
        desk.history = found.history();
        Map<Member, Standing.OfShard> shards = desk.promises.shardsBut(desk.expelled());
        Map<Member, Standing.OfTrainer> trainers = desk.promises.trainersBut(desk.expelled());
        found.lagging().forEach(member -> desk.expel(member, false, "it lags behind or differs from its peers"));
        shards.forEach((member, shard) -> {
            if (shard.fresh()) {
                desk.members.joiner(member);
            }
        });
        for (int stage = 0; stage < plan.stages(); stage++) {
            for (Member member : found.stages().get(stage)) {
                desk.members.adopt(member, stage, shards.get(member).digest());
                desk.digests.put(stage, shards.get(member).digest());
            }
        }
        losses.clear();
        long newest = desk.version + (found.commitment().isPresent() ? 1 : 0);
        trainers.forEach((member, trainer) -> {
            admit(member, trainer, newest);
            if (trainer.opened(Purpose.TRAIN, desk.version)) {
                losses.putAll(trainer.losses());
            }
        });
        begunBefore = newest + plan.staleness();
        desk.roster = desk.members.roster(desk.epoch().next());
        desk.proven = desk.roster;
        if (found.commitment().isEmpty()) {
            desk.joins.settled(desk.version, desk.digests);
        }
        ranks = found.ranks().isEmpty() ? desk.roster.trainers() : found.ranks();
        desk.waitsNoMore();
        fromTheStart();
        if (desk.version > plan.firstVersion()) {
            evaluated = -1;
            keeping.tookOver();
        }
        String how = found.commitment().isPresent()
                ? "to be committed"
                : found.closed() ? "being closed" : found.training() ? "open" : "not open";
        desk.tell(new RunEvent.TookOver(
                desk.self, desk.epoch().term(), desk.version, "step " + desk.version + " is " + how));
        if (found.commitment().isPresent()) {
            commitment = found.commitment();
            enter(Phase.COMMITTING);
            askToCommit();
            commitSettled();
        } else if (found.closed()) {
            enter(Phase.CLOSING);
            desk.broadcast(open(true));
            beginClosing();
            beginEarly();
        } else if (found.training()) {
            enter(Phase.TRAINING);
            desk.broadcast(open(true));
            beginEarly();
        } else {
            boundary();
        }
    }

    /** A trainer that has begun a later step has seen a future that will not be, and would not begin this step. */
    private void admit(Member member, Standing.OfTrainer trainer, long newest) {
        if (trainer.open().filter(open -> open.step() > newest).isPresent()) {
            desk.expel(member, false, "the run has gone back to version " + desk.version);
        } else {
            desk.members.trainer(member);
        }
    }

    private void superseded(Member from, CoordinatorMessage.Superseded superseded) {
        long term = desk.epoch().term();
        boolean other = superseded.seen().term() > term
                || (superseded.seen().term() == term && !superseded.holder().equals(desk.self));
        if (!other || phase == Phase.OVER) {
            return;
        }
        // Only who has not commanded yet may go above the other: the other one's word is newer than what this one
        // knows.
        if (phase == Phase.TAKING_OVER && !takeOver.isAnew()) {
            takeOver.refused(superseded);
            return;
        }
        enter(Phase.OVER);
        desk.tell(new RunEvent.Superseded(
                desk.self,
                term,
                from + " obeys " + superseded.holder() + " in term "
                        + superseded.seen().term()));
        desk.retire();
    }

    private void handedOver() {
        desk.tell(new RunEvent.HandedOver(desk.self, desk.epoch().term(), desk.version));
        enter(Phase.OVER);
        desk.retire();
    }

    // ---- members ----------------------------------------------------------------------------------------------

    private void removed(Member member, String reason) {
        boolean inRoster = desk.roster.contains(member);
        desk.gone(member);
        departures.removed(member);
        rebuilding.ifPresent(stage -> stage.gone(member));
        Optional<RunEvent> checkpoint = desk.checkpoints.removed(member);
        switch (phase) {
            case OVER -> {}
            case TAKING_OVER -> settle();
            case BUILDING -> {
                if (withoutSource(member, reason)) {
                    settle();
                }
            }
            default -> {
                if (inRoster) {
                    lost(member, reason);
                } else {
                    checkpointSettled(checkpoint);
                    joinsSettled();
                }
            }
        }
    }

    /** False if the version that is being built cannot be had any more. */
    private boolean withoutSource(Member keeper, String reason) {
        boolean there = building.orElseThrow().withoutSource(keeper);
        if (!there) {
            rollBack("nobody can serve version " + desk.version + " any more: " + keeper + ": " + reason);
        }
        return there;
    }

    private void lost(Member member, String reason) {
        desk.tell(new RunEvent.Lost(member, reason));
        desk.roster = desk.roster.without(member);
        boolean admitted = false;
        for (int stage = 0; stage < plan.stages(); stage++) {
            if (desk.roster.stage(stage).isEmpty() && !known(stage)) {
                admitted |= admitInItsPlace();
                if (desk.roster.stage(stage).isEmpty()) {
                    stageLost(stage, "stage " + stage + " has lost its last replica (" + member + ": " + reason + ")");
                    return;
                }
            }
        }
        if (desk.checkpoints.lacksDonors(desk.roster)) {
            checkpointSettled(keeping.donorsGone("its donors of a stage are gone, the last of them " + member));
        }
        if (desk.roster.trainers().isEmpty() && !desk.members.trainers().isEmpty()) {
            admitTrainerAtOnce();
        } else {
            rosterChanged();
        }
        if (admitted && (phase == Phase.TRAINING || phase == Phase.EVALUATING || phase == Phase.CLOSING)) {
            openAll().forEach(desk::broadcast);
        }
    }

    /** Whoever holds what the lost one held goes on for it, in the middle of a step: what was counted is replayed. */
    private boolean admitInItsPlace() {
        boolean settled =
                switch (phase) {
                    case JOINING, EVALUATING, KEEPING, PAUSED, TRAINING, CLOSING -> true;
                    case TAKING_OVER, BUILDING, REBUILDING, COMMITTING, REDOING, OVER -> false;
                };
        if (!settled || desk.joins.admit().isEmpty()) {
            return false;
        }
        Roster next = desk.members.roster(desk.epoch().next());
        desk.roster = new Roster(next.epoch(), next.stages(), desk.roster.trainers());
        return true;
    }

    /** Somebody asks to go. Who is needed stays until a boundary at which it is not. */
    private void leaving(Member from) {
        if (phase == Phase.TAKING_OVER || phase == Phase.BUILDING) {
            // Asked again, when it is known what it is needed for.
            return;
        }
        departures.asked(from);
        if (phase == Phase.OVER || !desk.roster.contains(from)) {
            departures.discharge(from);
            rebuilding.ifPresent(stage -> stage.gone(from));
            checkpointSettled(desk.checkpoints.removed(from));
            joinsSettled();
        }
    }

    /** A run without trainers takes the next one in the middle of a step; any other waits for the boundary. */
    private void admitTrainerAtOnce() {
        List<Member> trainers = desk.members.trainers();
        if (phase != Phase.OVER && desk.roster.trainers().isEmpty() && !trainers.isEmpty()) {
            desk.roster = new Roster(desk.epoch().next(), desk.roster.stages(), trainers);
            ranks = trainers;
            early.ranks(trainers);
            rosterChanged();
        }
    }

    private void rosterChanged() {
        asking.restart(desk.now);
        closing.ifPresent(step -> step.rosterChanged(desk.roster));
        switch (phase) {
            case TRAINING, CLOSING, EVALUATING -> {
                desk.broadcast(new MemberMessage.RosterChanged(desk.roster));
                // A trainer that came in the middle knows nothing of the open steps.
                openAll().forEach(open -> desk.roster.trainers().forEach(trainer -> desk.send(trainer, open)));
                advance();
            }
            case COMMITTING -> {
                desk.broadcast(new MemberMessage.RosterChanged(desk.roster));
                commitSettled();
            }
            case REDOING -> redoSettled();
            case JOINING, PAUSED -> joinsSettled();
            case KEEPING, TAKING_OVER, BUILDING, REBUILDING, OVER -> {}
        }
    }

    // ---- a lost stage -----------------------------------------------------------------------------------------

    /** Whether it is known that nobody has this stage, and what will be done about it. */
    private boolean known(int stage) {
        return rebuilding.filter(lost -> lost.stage() == stage).isPresent()
                || lostWhileCommitting.filter(lost -> lost.stage() == stage).isPresent();
    }

    /** It is built from its neighbours where that can be done, as soon as all others are at one version; else all go back. */
    private void stageLost(int stage, String reason) {
        if (phase == Phase.COMMITTING
                && lostWhileCommitting.isEmpty()
                && !plan.rebuildable().isEmpty()) {
            lostWhileCommitting = Optional.of(new LostWhileCommitting(stage, reason));
            rosterChanged();
            return;
        }
        boolean replaying = closing.filter(step -> step.replayed() > 0).isPresent();
        LostStage.Verdict verdict =
                switch (phase) {
                    case COMMITTING, REBUILDING ->
                        new LostStage.Impossible("another stage was lost and is not there again");
                    case REDOING -> new LostStage.Impossible("the replicas of a stage disagree on the last step");
                    // What is being replayed came, or will come, through the stage as it was.
                    default ->
                        replaying
                                ? new LostStage.Impossible("microbatches of the open step are being replayed")
                                : LostStage.of(plan, desk.roster, stage, desk.version, desk.newestVersion(), norms);
                };
        switch (verdict) {
            case LostStage.Rebuild(LostStage.Weights weights) -> rebuild(stage, weights, reason);
            case LostStage.Impossible(String why) ->
                rollBack(plan.rebuildable().isEmpty() ? reason : reason + "; not built from its neighbours: " + why);
        }
    }

    private void rebuild(int stage, LostStage.Weights weights, String reason) {
        boolean stepOpen = phase == Phase.TRAINING || phase == Phase.CLOSING;
        endStep();
        desk.tell(new RunEvent.Rebuilding(stage, desk.version, reason));
        enter(Phase.REBUILDING);
        if (desk.checkpoints.isOpen()) {
            checkpointSettled(keeping.giveUp("stage " + stage + " is built anew"));
            keeping.again();
        }
        rebuilding = Optional.of(new Rebuilding(desk, stage, weights, stepOpen));
        rebuilding.get().advance();
    }

    /** The stage is there. What others have counted in a step that is open came about with another one: it begins anew. */
    private void rebuilt(Member builder) {
        Rebuilding done = rebuilding.orElseThrow();
        rebuilding = Optional.empty();
        desk.balance.gone(builder, "it has built stage " + done.stage());
        Roster next = desk.members.roster(desk.epoch().next());
        desk.roster = new Roster(next.epoch(), next.stages(), desk.roster.trainers());
        desk.joins.settled(desk.version, desk.digests);
        desk.tell(new RunEvent.Rebuilt(
                builder,
                done.stage(),
                desk.version,
                done.weights().below(),
                done.weights().above()));
        Optional<EarlySteps.Early> begun = early.take(desk.version);
        begun.ifPresent(step -> {
            ranks = step.ranks();
            losses.clear();
            losses.putAll(step.losses());
        });
        if (done.stepOpen() || begun.isPresent()) {
            enter(Phase.CLOSING);
            openAll().forEach(desk::broadcast);
            beginClosing(true);
            beginEarly();
        } else {
            boundary();
        }
    }

    /** A stage cannot be had any more at this version: everybody goes back to the newest one that can. */
    private void rollBack(String reason) {
        keeping.goesBack();
        if (phase != Phase.TAKING_OVER) {
            desk.newestPossible = desk.version;
        }
        desk.waitFor("the run goes back from version " + desk.version + " to a checkpoint: " + reason);
        // It has gone back when the others have obeyed; one who was superseded only believes that it must.
        goingBack = Optional.of(new GoingBack(desk.version, reason));
        beginAnew();
    }

    private void beginAnew() {
        long to = desk.newestVersion();
        endStep();
        early.clear();
        building = Optional.empty();
        rebuilding = Optional.empty();
        lostWhileCommitting = Optional.empty();
        norms = Optional.empty();
        desk.digests.clear();
        desk.joins.forgetAll();
        desk.balance.cancel();
        desk.roster = new Roster(desk.epoch().next(), List.of(), List.of());
        desk.version = to;
        String why = "the run begins anew from version " + to;
        // What they hold is of a future that will not be; as new members they take part in the past like any other.
        List<Member> all =
                new ArrayList<>(desk.promises.shardsBut(desk.expelled()).keySet());
        all.addAll(desk.promises.trainersBut(desk.expelled()).keySet());
        all.forEach(member -> desk.expel(member, false, why));
        // Keepers tell anew what they have, and end what they were keeping of what is given up now.
        desk.checkpoints.forget();
        desk.promises.forgetKeepers(desk.epoch());
        desk.promises.missing().forEach(member -> desk.send(member, new MemberMessage.TakeOver(desk.epoch())));
        takeOver = TakeOver.anew(desk);
        enter(Phase.TAKING_OVER);
    }

    // ---- a step -----------------------------------------------------------------------------------------------

    /** Between steps: everything that may only happen here, then the next step. */
    private void boundary() {
        endStep();
        Optional<EarlySteps.Early> begun = early.take(desk.version);
        if (begun.isPresent()) {
            goOn(begun.get());
            return;
        }
        if (handingOver) {
            handedOver();
            return;
        }
        OptionalInt deserted = departures.atBoundary();
        if (deserted.isPresent()) {
            rollBack("the last replica of stage " + deserted.getAsInt() + " left at version " + desk.version
                    + ", which is kept");
            return;
        }
        if (!desk.members.trainers().equals(desk.roster.trainers())) {
            desk.roster = new Roster(desk.epoch().next(), desk.roster.stages(), desk.members.trainers());
        }
        boolean last = desk.version >= plan.lastVersion();
        if (last || stopRequested) {
            desk.joins.cancel();
            desk.balance.cancel();
        } else {
            desk.balance.atBoundary();
            if (joinersHoldBoundary()) {
                return;
            }
        }
        ranks = desk.roster.trainers();
        boolean evaluationDue = last || (plan.evaluateEvery() > 0 && desk.version % plan.evaluateEvery() == 0);
        if (evaluationDue && !stopRequested && evaluated != desk.version && plan.evaluationMicrobatches() > 0) {
            evaluated = desk.version;
            losses.clear();
            enter(Phase.EVALUATING);
            desk.broadcast(open(false));
            return;
        }
        boolean over = last || stopRequested;
        if (keeping.due(over || departures.wantsKept())) {
            if (desk.checkpoints.isOpen()) {
                enter(Phase.KEEPING);
                return;
            }
            keeping.begin();
        }
        if ((over || departures.wantsKept()) && desk.checkpoints.isOpen()) {
            enter(Phase.KEEPING);
            return;
        }
        if (over) {
            enter(Phase.OVER);
            desk.tell(new RunEvent.Finished(desk.version, desk.digests, stopRequested && !last));
            return;
        }
        if (pauseWanted) {
            paused();
            return;
        }
        losses.clear();
        enter(Phase.TRAINING);
        desk.broadcast(open(desk.version <= begunBefore));
        beginEarly();
    }

    /** The next step has begun already. */
    private void goOn(EarlySteps.Early begun) {
        ranks = begun.ranks();
        losses.clear();
        losses.putAll(begun.losses());
        enter(Phase.TRAINING);
        if (!begun.known().equals(desk.epoch())) {
            openAll().forEach(desk::broadcast);
        }
        beginEarly();
        trained();
    }

    /** Begins as many of the next steps as may be, up to the next boundary at which anything else is to happen. */
    private void beginEarly() {
        long last = desk.version + plan.staleness();
        for (long step = early.last().orElse(desk.version) + 1; step <= last && !stopsBefore(step); step++) {
            early.begin(step, ranks, desk.epoch());
            desk.broadcast(open(step, ranks, step <= begunBefore));
        }
    }

    /** Whether all have to be at the same version before {@code step} begins. */
    private boolean stopsBefore(long step) {
        boolean scheduled = step >= plan.lastVersion()
                || (plan.evaluateEvery() > 0 && plan.evaluationMicrobatches() > 0 && step % plan.evaluateEvery() == 0)
                || (plan.keepEvery() > 0 && step % plan.keepEvery() == 0);
        return scheduled
                || handingOver
                || stopRequested
                || pauseWanted
                || keeping.waitsForBoundary()
                || departures.waitForBoundary()
                || desk.joins.waitForBoundary()
                || desk.balance.waitForBoundary()
                || !desk.members.trainers().equals(desk.roster.trainers());
    }

    private void paused() {
        if (phase != Phase.PAUSED) {
            enter(Phase.PAUSED);
        }
        if (!pauseTold) {
            pauseTold = true;
            desk.tell(new RunEvent.Paused(desk.version));
        }
    }

    /** Lets in who has caught up, lets begin who waits; true if somebody is to be waited for. */
    private boolean joinersHoldBoundary() {
        if (!desk.joins.admit().isEmpty()) {
            desk.roster = desk.members.roster(desk.epoch().next());
        }
        desk.joins.begin(keeping.isPending());
        boolean holds = desk.joins.holds();
        if (holds && phase != Phase.JOINING) {
            enter(Phase.JOINING);
        }
        return holds;
    }

    private void endStep() {
        // After going back the same step is closed a second time.
        closing.ifPresent(step -> numbers = step.lastNumber());
        closing = Optional.empty();
        commitment = Optional.empty();
    }

    private MemberMessage.OpenStep open(boolean begun) {
        return phase == Phase.EVALUATING
                ? new MemberMessage.OpenStep(
                        desk.roster,
                        ranks,
                        Purpose.EVALUATE,
                        desk.version,
                        plan.evaluationMicrobatches(),
                        begun,
                        desk.version)
                : open(desk.version, ranks, begun);
    }

    private MemberMessage.OpenStep open(long step, List<Member> trainers, boolean begun) {
        return new MemberMessage.OpenStep(
                desk.roster, trainers, Purpose.TRAIN, step, plan.microbatches(), begun, desk.version);
    }

    /** Every step that is open, for those who may not know of it. */
    private List<MemberMessage.OpenStep> openAll() {
        List<MemberMessage.OpenStep> open = new ArrayList<>(List.of(open(true)));
        early.all().forEach((step, begun) -> open.add(open(step, begun.ranks(), true)));
        return open;
    }

    private void trainerFinished(CoordinatorMessage.TrainerFinished finished) {
        early.finished(finished);
        boolean training = finished.purpose() == Purpose.TRAIN && (phase == Phase.TRAINING || phase == Phase.CLOSING);
        boolean evaluating = finished.purpose() == Purpose.EVALUATE && phase == Phase.EVALUATING;
        if (finished.step() != desk.version || !(training || evaluating)) {
            return;
        }
        losses.putAll(finished.losses());
        if (training) {
            trained();
        } else if (losses.size() >= plan.evaluationMicrobatches()) {
            desk.tell(new RunEvent.Evaluated(desk.version, meanLoss(), plan.evaluationMicrobatches()));
            boundary();
        }
    }

    /** Closes the step if every microbatch is back. */
    private void trained() {
        if (phase == Phase.TRAINING && losses.size() >= plan.microbatches()) {
            enter(Phase.CLOSING);
            beginClosing();
        }
    }

    /** Not a number if nobody alive knows any. */
    private double meanLoss() {
        double sum = 0;
        for (double loss : losses.values()) {
            sum += loss;
        }
        return sum / losses.size();
    }

    private void beginClosing() {
        beginClosing(false);
    }

    /** @param anew whatever was counted of the step is thrown away first */
    private void beginClosing(boolean anew) {
        numbers = Math.max(numbers, desk.epoch().term() << TERM_SHIFT);
        closing = Optional.of(
                new StepClosing(desk.roster, desk.version, plan.microbatches(), desk.joins.listeners(), numbers, anew));
        advance();
    }

    private void advance() {
        if (phase != Phase.CLOSING || desk.roster.trainers().isEmpty()) {
            return;
        }
        StepClosing step = closing.orElseThrow();
        try {
            step.advance().forEach(order -> desk.send(order.to(), order.message()));
        } catch (IllegalStateException e) {
            fail(e.getMessage());
            return;
        }
        if (!step.prepared()) {
            return;
        }
        double gradientNorm = step.gradientNorm();
        if (!Double.isFinite(gradientNorm)) {
            fail("the gradient of step " + desk.version + " is not finite");
            return;
        }
        norms = Optional.of(new LostStage.Norms(desk.version + 1, step.norms()));
        commitment = Optional.of(
                new Commitment(desk.version, gradientNorm, step.replayed(), step.rounds(), new TreeMap<>()));
        enter(Phase.COMMITTING);
        for (int stage = 0; stage < plan.stages(); stage++) {
            desk.joins.committed(stage, desk.version, step.invitation(stage), gradientNorm);
        }
        askToCommit();
    }

    private void askToCommit() {
        Commitment step = commitment.orElseThrow();
        step.missing(desk.roster)
                .forEach((shard, round) -> desk.send(
                        shard, new ShardMessage.Commit(desk.epoch(), step.step(), round, step.gradientNorm())));
    }

    /** When everybody has applied, compare what they have. */
    private void commitSettled() {
        Commitment step = commitment.orElseThrow();
        if (step.missing(desk.roster).isEmpty()) {
            if (step.beginRedo(desk.roster)) {
                enter(Phase.REDOING);
                askToRedo();
            } else {
                committed(step);
            }
        }
    }

    private void askToRedo() {
        commitment
                .orElseThrow()
                .redoing(desk.roster)
                .forEach(shard -> desk.send(shard, new ShardMessage.Redo(desk.epoch(), desk.version)));
    }

    private void redoSettled() {
        Commitment step = commitment.orElseThrow();
        if (!step.redoing(desk.roster).isEmpty()) {
            return;
        }
        for (Member member : step.contradicting(desk.roster)) {
            String reason = "doing step " + desk.version + RunEvent.Lost.CONTRADICTS;
            desk.tell(new RunEvent.Lost(member, reason));
            desk.expel(member, true, reason);
        }
        for (int stage = 0; stage < plan.stages(); stage++) {
            if (!known(stage) && step.majority(desk.roster, stage).isEmpty()) {
                rollBack("the replicas of stage " + stage + " disagree after step " + desk.version
                        + " and none can be told to be wrong: " + step.describe(desk.roster, stage));
                return;
            }
        }
        committed(step);
    }

    private void committed(Commitment step) {
        List<Member> odd = new ArrayList<>();
        for (int stage = 0; stage < plan.stages(); stage++) {
            if (desk.roster.stage(stage).isEmpty()) {
                desk.digests.remove(stage);
                continue;
            }
            List<Member> right = step.majority(desk.roster, stage);
            desk.digests.put(stage, step.digest(right.getFirst()));
            desk.roster.stage(stage).stream()
                    .filter(member -> !right.contains(member))
                    .forEach(odd::add);
        }
        desk.tell(new RunEvent.StepCommitted(
                desk.version,
                meanLoss(),
                step.gradientNorm(),
                plan.microbatches(),
                step.replayed(),
                desk.roster.shards(),
                desk.roster));
        desk.version++;
        for (Member member : odd) {
            desk.tell(new RunEvent.Lost(member, RunEvent.Lost.DIFFERS));
            desk.expel(member, true, RunEvent.Lost.DIFFERS);
        }
        desk.proven = desk.roster;
        desk.joins.settled(desk.version, desk.digests);
        if (lostWhileCommitting.isPresent()) {
            LostWhileCommitting lost = lostWhileCommitting.get();
            lostWhileCommitting = Optional.empty();
            endStep();
            // No step is under way but those that were begun early.
            enter(Phase.JOINING);
            stageLost(lost.stage(), lost.reason());
        } else {
            boundary();
        }
    }

    // ---- joiners ----------------------------------------------------------------------------------------------

    private void enlisted(Member from, CoordinatorMessage.Enlisted enlisted) {
        if (phase == Phase.BUILDING) {
            building.orElseThrow().enlisted(from, enlisted);
            settle();
        } else if (phase == Phase.REBUILDING && rebuilding.orElseThrow().enlisted(from, enlisted)) {
            rebuilt(from);
        } else if (phase != Phase.TAKING_OVER) {
            desk.joins.reported(from, enlisted.version(), enlisted.digest());
            joinsSettled();
        }
    }

    private void badDonor(Member from, CoordinatorMessage.BadDonor bad) {
        if (phase == Phase.BUILDING) {
            if (building.orElseThrow().badDonor(from, bad.donor())) {
                desk.checkpoints.lacks(bad.donor(), bad.version());
                withoutSource(bad.donor(), bad.reason());
            }
        } else {
            desk.joins.badDonor(from, bad);
        }
    }

    private void joinFailed(Member from, CoordinatorMessage.JoinFailed failed) {
        if (desk.checkpoints.waiting().contains(from)) {
            if (desk.checkpoints.version() == failed.version()) {
                checkpointSettled(keeping.donorsGone(failed.reason()));
            }
        } else if (phase == Phase.REBUILDING && desk.members.isJoining(from) && !desk.joins.isJoining(from)) {
            rebuilding
                    .orElseThrow()
                    .failed(from, failed)
                    .ifPresentOrElse(
                            why -> rollBack("a stage has lost its last replica; not built from its neighbours: " + why),
                            rebuilding.orElseThrow()::advance);
        } else if (phase != Phase.BUILDING) {
            // While building, whoever lacks the version is asked again with the next tick.
            desk.joins.failed(from, failed);
            joinsSettled();
        }
    }

    /** Who was waited for has come, or is not waited for any more. */
    private void joinsSettled() {
        if (phase == Phase.JOINING || phase == Phase.PAUSED) {
            boundary();
        }
    }

    // ---- checkpoints ------------------------------------------------------------------------------------------

    private void checkpointSettled(Optional<RunEvent> result) {
        result.ifPresent(event -> {
            desk.tell(event);
            if (phase == Phase.KEEPING || phase == Phase.JOINING || phase == Phase.PAUSED) {
                boundary();
            }
        });
    }

    // ---- small things -----------------------------------------------------------------------------------------

    private void askAgain() {
        switch (phase) {
            case BUILDING -> building.orElseThrow().askAgain();
            case TRAINING, EVALUATING -> openAll().forEach(desk::broadcast);
            case CLOSING -> {
                if (!desk.roster.trainers().isEmpty()) {
                    askAgainToClose();
                }
            }
            case COMMITTING -> askToCommit();
            case REDOING -> askToRedo();
            case TAKING_OVER, REBUILDING, JOINING, KEEPING, PAUSED, OVER -> {}
        }
    }

    private void askAgainToClose() {
        StepClosing step = closing.orElseThrow();
        try {
            step.askAgain().forEach(order -> {
                // Whoever missed that the step began can answer nothing about it.
                openAll().forEach(open -> desk.send(order.to(), open));
                desk.send(order.to(), order.message());
            });
        } catch (IllegalStateException e) {
            fail(e.getMessage());
        }
    }

    private void enter(Phase next) {
        phase = next;
        phaseBegan = desk.now;
        asking.restart(desk.now);
    }

    private void fail(String reason) {
        enter(Phase.OVER);
        desk.tell(new RunEvent.Failed(reason));
    }
}
