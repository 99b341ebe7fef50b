package io.murmuration.actors.shard;

import io.murmuration.actors.averaging.AverageFeed;
import io.murmuration.actors.averaging.AveragingRound;
import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.ComputeFailedException;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Fence;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.protocol.StartOverException;
import io.murmuration.actors.protocol.TrainerMessage;
import io.murmuration.actors.protocol.TransferMessage;
import io.murmuration.actors.routing.Custody;
import io.murmuration.actors.shard.StepAccount.Waiter;
import io.murmuration.actors.telemetry.MicrobatchTraces;
import io.murmuration.actors.telemetry.Span;
import io.murmuration.actors.telemetry.Telemetry;
import io.murmuration.actors.transfer.SnapshotDonor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * One replica of one stage. It admits microbatches from the stage before, computes, passes them on, counts gradients,
 * averages them with its peers and applies the optimiser when the coordinator commits.
 *
 * <p>With it die its parameters (its peers have the same), what it counted in the open step (replayed from its
 * neighbours) and its place in the roster (it comes back as a new incarnation).
 */
public final class Shard extends AbstractBehavior<Shard.Message> {

    /** Received by this actor. */
    public sealed interface Message {}

    private record Control(Envelope envelope) implements Message {}

    private record Arrived(DataPlane.Delivery delivery, Span receive) implements Message {}

    private record Continue(Runnable continuation) implements Message {}

    private record Seen(Membership.Event event) implements Message {}

    /** Orders of the {@link io.murmuration.actors.run.Host}. */
    public enum Command implements Message {
        /** Hand over what is held here and go; it ends when the coordinator has let it. */
        LEAVE
    }

    private record RoundFinished(ShardRounds.Sealed average) implements Message {}

    /** A part of a round's average that this shard owns, for joiners. */
    private record PartReduced(long step, long round, int part, Payload average) implements Message {}

    private enum Timer implements Message {
        /** Deadlines, refused offers. */
        WAKE,
        /** Answers and chunks that were refused; gradients asked for that have not come. */
        RETRY,
        /** The coordinator has not let this shard go yet. */
        LEAVING,
        /** The coordinator is to know how busy this shard is. */
        LOAD
    }

    /** Microbatches that wait for a pass. */
    private static final String QUEUE = "shard.queue";

    /** Microbatches in an applied step, by how many versions older the one was that they were computed with. */
    private static final String COUNTED = "shard.gradients";

    /** Microbatches a second, forward and backward, while it has work. */
    private static final String RATE = "shard.rate";

    private static final MicrobatchId NOTHING_OPENED = new MicrobatchId(Purpose.EVALUATE, -1, 0);

    private record Answer(MicrobatchId id, Waiter waiter) {}

    private final TimerScheduler<Message> timers;
    private final ActorPorts ports;
    private final Member self;
    private final ShardSettings settings;
    private final Custody custody;
    private final AverageFeed feed;
    private final ShardRounds rounds;
    private final MicrobatchTraces traces;
    private final boolean watched;
    private Telemetry.Gauge queue;
    private Telemetry.Gauge rateShown;
    private ComputeRate rate = new ComputeRate();

    private final Fence fence = new Fence();
    private Roster roster = Roster.EMPTY;
    private int stage = -1;
    private OpenSteps steps;
    private long version = -1;
    /** The version at which the stage was built from its neighbours here; -1: it was not. */
    private long rebuilt = -1;

    private String digest = "";
    /** Under which epoch the run began of which that version is a part. */
    private Epoch history = Epoch.NONE;

    /** The version the shard is building from the seed or the checkpoint the run starts from. */
    private long building = -1;

    private Optional<SnapshotDonor> donor = Optional.empty();
    private Optional<ShardJoin> joining = Optional.empty();
    /** Set while this shard builds a stage that nobody has from its neighbours. */
    private Optional<ShardRebuild> rebuilding = Optional.empty();

    private boolean busy;
    private long closing;
    private boolean tallyDue;
    /** First microbatch of the last that was opened. */
    private MicrobatchId opened = NOTHING_OPENED;
    /** Every shard holds this version, or a later one. */
    private long everywhere = -1;

    private final List<Answer> unanswered = new ArrayList<>();

    private long applying = -1;
    /** A promise is given when it is known what came of the step that is being applied. */
    private boolean promiseDue;

    private Optional<Standing.Committed> committed = Optional.empty();
    private boolean redoing;
    private boolean leaving;

    private Shard(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Ports ports,
            Member self,
            ShardSettings settings) {
        super(context);
        this.timers = timers;
        this.self = self;
        this.settings = settings;
        ActorRef<Message> me = context.getSelf();
        this.ports = new ActorPorts(ports, self, continuation -> me.tell(new Continue(continuation)));
        this.custody = Custody.seeded(
                ports.seed(), self, settings.deadline(), settings.credits(), settings.retry(), settings.ban());
        this.feed = new AverageFeed(
                this.ports,
                settings.run(),
                self,
                new AverageFeed.Limits(
                        settings.transfer().window(),
                        settings.transfer().attempts(),
                        settings.retry(),
                        settings.joinQueueBytes()));
        this.rounds = new ShardRounds(this::spawnRound, settings.earlyParts());
        Telemetry telemetry = ports.telemetry();
        this.traces = new MicrobatchTraces(telemetry, self);
        this.watched = telemetry != Telemetry.OFF;
        this.queue = Telemetry.OFF.gauge(QUEUE);
        this.rateShown = Telemetry.OFF.gauge(RATE);
        ports.control().attach(self, envelope -> me.tell(new Control(envelope)));
        ports.data()
                .attach(
                        self,
                        delivery -> me.tell(
                                new Arrived(delivery, MicrobatchTraces.receive(telemetry, self, delivery.frame()))));
        ports.membership().subscribe(self, event -> {
            // Who takes part is in the roster; this is for who can be reached.
            if (!(event instanceof Membership.Joined || event instanceof Membership.Leads)) {
                me.tell(new Seen(event));
            }
        });
        settings.loadEvery().ifPresent(period -> timers.startTimerWithFixedDelay(Timer.LOAD, period));
    }

    public static Behavior<Message> create(Ports ports, Member self, ShardSettings settings) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new Shard(context, timers, ports, self, settings)));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Continue.class, message -> {
                    message.continuation().run();
                    return proceed();
                })
                .onMessage(Arrived.class, message -> {
                    arrived(message.delivery(), message.receive());
                    return proceed();
                })
                .onMessage(Control.class, message -> {
                    if (message.envelope().message() instanceof MemberMessage.Discharged discharged
                            && fence(message.envelope().from(), discharged.epoch())
                            && leaving) {
                        return Behaviors.stopped();
                    }
                    control(message.envelope());
                    return proceed();
                })
                .onMessage(Seen.class, message -> {
                    switch (message.event()) {
                        case Membership.Unreachable(Member member) -> custody.unreachable(member);
                        case Membership.Reachable(Member member) -> custody.reachable(member);
                        // It does not come back under this name: nothing is to be remembered of it.
                        case Membership.Removed(Member member, String reason) -> {
                            custody.reachable(member);
                            joining.ifPresent(join -> join.gone(member));
                            rebuilding.ifPresent(rebuild -> rebuild.gone(member));
                        }
                        default -> {}
                    }
                    return proceed();
                })
                .onMessage(Command.class, leave -> {
                    leaving = true;
                    return leave();
                })
                .onMessage(RoundFinished.class, message -> {
                    roundFinished(message.average());
                    return proceed();
                })
                .onMessage(PartReduced.class, part -> {
                    feed.reduced(part.step(), part.round(), part.part(), part.average());
                    return proceed();
                })
                .onMessage(Timer.class, timer -> {
                    if (timer == Timer.LEAVING) {
                        return leave();
                    }
                    if (timer == Timer.RETRY) {
                        retry();
                    }
                    if (timer == Timer.LOAD) {
                        tellLoad();
                    }
                    return proceed();
                })
                .onSignal(ChildFailed.class, failed -> {
                    throw new ComputeFailedException(self + ": averaging failed: " + failed.cause(), failed.cause());
                })
                .onSignal(Terminated.class, terminated -> {
                    rounds.stopped();
                    return proceed();
                })
                .onSignal(PostStop.class, stopped -> {
                    traces.clear("the shard ended");
                    queue.set(0);
                    rateShown.set(0);
                    ports.all().membership().unsubscribe(self);
                    ports.all().control().detach(self);
                    ports.all().data().detach(self);
                    ports.all().compute().release(self);
                    return this;
                })
                .build();
    }

    // ---- work -------------------------------------------------------------------------------------------------

    /** After every message: offer what can go, compute what is next, say what is due, sleep until something is. */
    private Shard proceed() {
        if (steps == null) {
            return this;
        }
        long now = ports.now();
        custody.expire(now);
        custody.dispatch(now).forEach(this::passOn);
        if (!busy) {
            steps.nextWork(version).ifPresent(this::compute);
        }
        StepAccount front = steps.front();
        if (tallyDue && !front.computing()) {
            tallyDue = false;
            tell(new CoordinatorMessage.Tally(fence.seen(), version, closing, front.counted()));
        }
        joining.ifPresent(ShardJoin::proceed);
        rebuilding.ifPresent(ShardRebuild::proceed);
        donor.ifPresent(SnapshotDonor::proceed);
        feed.proceed();
        if (watched) {
            queue.set(steps.waiting());
        }
        wake().ifPresentOrElse(
                        delay -> timers.startSingleTimer(Timer.WAKE, Duration.ofNanos(delay)),
                        () -> timers.cancel(Timer.WAKE));
        if (!front.fetches().isEmpty()) {
            retryLater();
        }
        return this;
    }

    /** In how many nanoseconds there will be something to do although nothing comes. */
    private OptionalLong wake() {
        long now = ports.now();
        OptionalLong wake = custody.wake(now);
        for (OptionalLong at : List.of(
                joining.map(ShardJoin::wake).orElse(OptionalLong.empty()),
                rebuilding.map(ShardRebuild::wake).orElse(OptionalLong.empty()),
                donor.map(SnapshotDonor::wake).orElse(OptionalLong.empty()),
                feed.wake())) {
            if (at.isPresent()) {
                wake = OptionalLong.of(Math.min(wake.orElse(Long.MAX_VALUE), Math.max(1, at.getAsLong() - now)));
            }
        }
        return wake;
    }

    private void compute(StepAccount.Work work) {
        busy = true;
        long began = ports.now();
        switch (work) {
            case StepAccount.ForwardWork(MicrobatchId id, byte[] tokens, Payload input) -> {
                traces.phase(id, "forward");
                ports.compute(new Compute.Forward(id, tokens, input), output -> {
                    busy = false;
                    computed(work, began);
                    traces.done(id);
                    switch (steps.of(id).forwardDone(id, output)) {
                        case StepAccount.PassOn(boolean resend) -> {
                            // What was sent under an earlier order is not what the next stage is to do now.
                            cancel(custody.drop(id));
                            custody.hold(id, resend);
                        }
                        case StepAccount.Fetch(Member holder) -> {
                            cancel(custody.drop(id));
                            fetch(id, holder);
                        }
                        case StepAccount.Stop() -> {}
                    }
                });
            }
            case StepAccount.LossWork(MicrobatchId id, byte[] tokens, Payload input, boolean count) -> {
                traces.phase(id, "loss");
                ports.compute(new Compute.Loss(id, tokens, input, count), result -> {
                    busy = false;
                    computed(work, began);
                    traces.done(id);
                    finished(id, steps.of(id).lossDone(id, result.loss(), result.gradient(), count), count);
                });
            }
            case StepAccount.BackwardWork(
                    MicrobatchId id,
                    byte[] tokens,
                    Payload input,
                    Payload gradient,
                    boolean count) -> {
                traces.phase(id, "backward");
                ports.compute(new Compute.Backward(id, tokens, input, gradient, count), gradientOut -> {
                    busy = false;
                    computed(work, began);
                    traces.done(id);
                    finished(id, steps.of(id).backwardDone(id, gradientOut, count), count);
                });
            }
        }
    }

    private void computed(StepAccount.Work work, long began) {
        rate.done(work, ports.now() - began);
        if (watched) {
            rateShown.set(rate.perSecond());
        }
    }

    private void tellLoad() {
        if (steps != null && joining.isEmpty()) {
            tell(new CoordinatorMessage.Load(fence.seen(), steps.waiting() + (busy ? 1 : 0), rate.perSecond()));
        }
    }

    private void finished(MicrobatchId id, List<Waiter> waiters, boolean counted) {
        waiters.forEach(waiter -> answer(new Answer(id, waiter)));
        // While closing, whatever a replay adds is news for the coordinator.
        tallyDue |= counted && steps.of(id).isFrozen();
    }

    private void passOn(Custody.Dispatch dispatch) {
        steps.of(dispatch.id())
                .kept(dispatch.id())
                .ifPresentOrElse(
                        kept -> {
                            Route route = new Route(settings.run(), self, dispatch.to());
                            Span send = traces.send(dispatch.id(), dispatch.to(), dispatch.attempt());
                            var frame = new DataFrame.Forward(
                                    route,
                                    dispatch.id(),
                                    stage + 1,
                                    dispatch.attempt(),
                                    kept.replay(),
                                    kept.tokens(),
                                    kept.output(),
                                    send.context());
                            ports.offer(frame, outcome -> {
                                MicrobatchTraces.sent(send, outcome);
                                offered(dispatch, outcome);
                            });
                        },
                        () -> custody.drop(dispatch.id()));
    }

    private void offered(Custody.Dispatch dispatch, DataPlane.Outcome outcome) {
        switch (outcome) {
            case DataPlane.Accepted() -> {}
            case DataPlane.Refused(Refusal refusal) -> custody.refused(dispatch, refusal.reason(), ports.now());
            case DataPlane.Failed(String reason) -> custody.failed(dispatch, ports.now());
        }
    }

    private void answer(Answer answer) {
        Waiter waiter = answer.waiter();
        MicrobatchId id = answer.id();
        if (stage == 0) {
            ports.send(
                    waiter.member(),
                    new TrainerMessage.Done(id, waiter.attempt(), steps.of(id).loss(id)));
            return;
        }
        StepAccount account = steps.of(id);
        Payload gradient = waiter.wantsGradient() ? account.keptGradient(id).orElseThrow() : Payload.EMPTY;
        Route route = new Route(settings.run(), self, waiter.member());
        Span send = traces.send(id, waiter.member(), waiter.attempt());
        var frame = new DataFrame.Backward(route, id, waiter.attempt(), account.loss(id), gradient, send.context());
        ports.offer(frame, outcome -> {
            MicrobatchTraces.sent(send, outcome);
            if (!(outcome instanceof DataPlane.Accepted)) {
                unanswered.add(answer);
                retryLater();
            }
        });
    }

    private void fetch(MicrobatchId id, Member holder) {
        ports.send(holder, new ShardMessage.GradientWanted(id, 0));
    }

    private void retryLater() {
        if (!timers.isTimerActive(Timer.RETRY)) {
            timers.startSingleTimer(Timer.RETRY, settings.retry());
        }
    }

    private void retry() {
        List<Answer> again = List.copyOf(unanswered);
        unanswered.clear();
        for (Answer answer : again) {
            boolean present = roster.stage(stage - 1).contains(answer.waiter().member());
            StepAccount account = steps.of(answer.id());
            boolean open = account.isOpen(answer.id().purpose(), answer.id().step());
            // Being done anew for a replay: whoever is to have the gradient will wait for that.
            boolean gone = answer.waiter().wantsGradient()
                    && account.keptGradient(answer.id()).isEmpty();
            if (present && open && !gone) {
                answer(answer);
            }
        }
        steps.front().fetches().forEach(this::fetch);
    }

    // ---- data plane -------------------------------------------------------------------------------------------

    private void arrived(DataPlane.Delivery delivery, Span receive) {
        Route route = delivery.frame().route();
        if (!route.run().equals(settings.run()) || !route.to().equals(self)) {
            refuse(
                    delivery,
                    receive,
                    Refusal.of(
                            Refusal.Reason.STALE,
                            "this is " + self + " of run " + settings.run() + ", the frame is for " + route.to()
                                    + " of " + route.run()));
            return;
        }
        switch (delivery.frame()) {
            case DataFrame.Forward frame -> forward(delivery, frame, receive);
            case DataFrame.Backward frame -> {
                delivery.accept();
                backward(frame, receive);
            }
            case DataFrame.AveragePart frame ->
                joining.ifPresentOrElse(join -> join.average(delivery, frame), () -> rounds.arrived(delivery, version));
            case DataFrame.StateManifest frame -> snapshot(delivery);
            case DataFrame.StateChunk frame -> snapshot(delivery);
        }
    }

    private static void refuse(DataPlane.Delivery delivery, Span receive, Refusal refusal) {
        MicrobatchTraces.refused(receive, refusal);
        delivery.refuse(refusal);
    }

    private void forward(DataPlane.Delivery delivery, DataFrame.Forward frame, Span receive) {
        Member from = frame.route().from();
        boolean upstream = stage == 0
                ? roster.trainers().contains(from)
                : roster.stage(stage - 1).contains(from);
        if (steps == null || !upstream) {
            refuse(
                    delivery,
                    receive,
                    Refusal.of(Refusal.Reason.STALE, from + " is not upstream in roster " + roster.epoch()));
            return;
        }
        switch (steps.admit(frame)) {
            case StepAccount.Taken() -> {
                delivery.accept();
                traces.taken(frame.id(), receive, "queue");
            }
            case StepAccount.Declined(Refusal refusal) -> {
                getContext().getLog().debug("{}: refused {} of {}: {}", self, frame.id(), from, refusal);
                refuse(delivery, receive, refusal);
            }
            case StepAccount.AlreadyFinished(Waiter waiter) -> {
                delivery.accept();
                receive.end();
                answer(new Answer(frame.id(), waiter));
            }
        }
    }

    private void backward(DataFrame.Backward frame, Span receive) {
        if (steps == null) {
            receive.end();
            return;
        }
        MicrobatchId id = frame.id();
        StepAccount account = steps.of(id);
        Member from = frame.route().from();
        Custody.Answer answer = custody.answered(id, frame.attempt(), from, ports.now());
        cancel(answer.cancel());
        boolean fetched = from.equals(account.fetches().get(id));
        boolean wanted = (answer.first() || fetched) && account.gradient(frame);
        if (wanted && id.purpose() == Purpose.TRAIN) {
            traces.taken(id, receive, "queue");
        } else {
            receive.end();
        }
        if (wanted && id.purpose() == Purpose.EVALUATE) {
            account.takeWaiters(id).forEach(waiter -> answer(new Answer(id, waiter)));
        }
    }

    private void cancel(List<Custody.Dispatch> losers) {
        losers.forEach(loser -> ports.send(loser.to(), new ShardMessage.Cancel(loser.id(), loser.attempt())));
    }

    private void snapshot(DataPlane.Delivery delivery) {
        if (rebuilding.isPresent()) {
            rebuilding.get().arrived(delivery);
            return;
        }
        joining.ifPresentOrElse(
                join -> join.arrived(delivery),
                () -> delivery.refuse(Refusal.of(Refusal.Reason.NOT_OPEN, self + " waits for no snapshot")));
    }

    // ---- control plane ----------------------------------------------------------------------------------------

    private void control(Envelope envelope) {
        if (!(envelope.message() instanceof ShardMessage message)) {
            getContext().getLog().warn("{} is a shard: ignored {} of {}", self, envelope.message(), envelope.from());
            return;
        }
        Member from = envelope.from();
        getContext().getLog().debug("{} <- {}: {}", self, from, message);
        switch (message) {
            case MemberMessage.TakeOver takeOver -> {
                if (fence(from, takeOver.epoch())) {
                    promise();
                }
            }
            case MemberMessage.StartOver startOver -> {
                if (fence(from, startOver.epoch())) {
                    throw new StartOverException(self, startOver.fault(), startOver.reason());
                }
            }
            // Not asked for, or refused above.
            case MemberMessage.Discharged discharged -> {}
            case ShardMessage.Redo redo -> {
                if (fence(from, redo.epoch())) {
                    redo(redo);
                }
            }
            case ShardMessage.Enlist enlist -> {
                if (fence(from, enlist.epoch())) {
                    enlist(enlist);
                }
            }
            case ShardMessage.Rebuild rebuild -> {
                if (fence(from, rebuild.epoch())) {
                    rebuild(rebuild);
                }
            }
            case MemberMessage.OpenStep open -> {
                if (fence(from, open.roster().epoch())) {
                    openStep(open);
                }
            }
            case MemberMessage.RosterChanged changed -> {
                if (fence(from, changed.roster().epoch())) {
                    rosterChanged(changed.roster());
                }
            }
            case ShardMessage.CloseStep close -> {
                if (fence(from, close.epoch()) && inFront(close.step())) {
                    closeStep(close);
                }
            }
            case MemberMessage.ReplayOrders orders -> {
                if (fence(from, orders.epoch()) && inFront(orders.step())) {
                    replay(orders);
                }
            }
            case ShardMessage.Average average -> {
                if (fence(from, average.epoch()) && inFront(average.step())) {
                    average(average);
                }
            }
            case ShardMessage.Commit commit -> {
                if (fence(from, commit.epoch())) {
                    commit(commit);
                }
            }
            case ShardMessage.Follow follow -> {
                if (fence(from, follow.epoch())) {
                    follow(follow);
                }
            }
            case ShardMessage.Pin pin -> {
                if (fence(from, pin.epoch())) {
                    pin(pin);
                }
            }
            case TransferMessage.NotServed refused -> {
                joining.ifPresent(join -> join.notServed(from, refused));
                rebuilding.ifPresent(rebuild -> rebuild.notServed(from, refused));
            }
            case TransferMessage asked ->
                donor.filter(open -> asked.stage() == stage)
                        .ifPresentOrElse(open -> open.asked(from, asked), () -> notServed(from, asked));
            case ShardMessage.Orphans orphans -> orphans.ids().forEach(id -> custody.hint(id, from));
            case ShardMessage.GradientWanted wanted -> gradientWanted(from, wanted);
            case ShardMessage.Cancel cancel -> {
                if (steps != null && steps.of(cancel.id()).cancel(cancel.id(), from, cancel.attempt())) {
                    cancel(custody.drop(cancel.id()));
                }
            }
            case ShardMessage.WhoHas who -> whoHas(from, who);
        }
    }

    private boolean inFront(long step) {
        return steps != null && steps.front().isOpen(Purpose.TRAIN, step);
    }

    /** False, and the sender is told, if what was promised forbids to obey. */
    private boolean fence(Member from, Epoch epoch) {
        Optional<CoordinatorMessage.Superseded> refusal = fence.refuse(from, epoch);
        refusal.ifPresent(superseded -> ports.send(from, superseded));
        return refusal.isEmpty();
    }

    /** Says what is held here. While a step is being applied nobody can know, so the answer waits for that. */
    private void promise() {
        promiseDue = applying >= 0 || redoing;
        if (!promiseDue) {
            tell(new CoordinatorMessage.Promised(fence.seen(), standing()));
        }
    }

    private void promiseIfDue() {
        if (promiseDue) {
            promise();
        }
    }

    /**
     * Who is still building or taking its version holds nothing that anybody could go on with. Nor does who has built its stage
     * from its neighbours at this version: another coordinator would go on with what others have counted in the open step, which
     * came about with the stage as it was.
     */
    private Standing.OfShard standing() {
        if (version < 0 || joining.isPresent() || rebuilt == version) {
            return Standing.OfShard.FRESH;
        }
        // What was begun early says nothing about whether all have applied the step before.
        boolean begun = steps != null && everywhere >= version;
        Optional<Purpose> open = Arrays.stream(Purpose.values())
                .filter(purpose -> begun && steps.front().isOpen(purpose, version))
                .findFirst();
        return new Standing.OfShard(
                history,
                stage,
                version,
                digest,
                open.map(purpose ->
                        new Standing.Open(purpose, version, steps.front().microbatches())),
                open.isPresent() && steps.front().isFrozen(),
                rounds.sealed()
                        .filter(average -> average.step() == version)
                        .map(average -> new Standing.Prepared(
                                average.round(),
                                average.result().digest(),
                                average.result().squaredNorm())),
                committed);
    }

    /** Asks to go, again and again until this shard is let; with nobody to ask there is nothing to hand over. */
    private Behavior<Message> leave() {
        if (fence.coordinator().isEmpty()) {
            return Behaviors.stopped();
        }
        tell(new CoordinatorMessage.Leaving(fence.seen()));
        timers.startSingleTimer(Timer.LEAVING, settings.ban());
        return proceed();
    }

    private void enlist(ShardMessage.Enlist enlist) {
        history = enlist.history();
        boolean sameStage = stage == enlist.stage();
        Optional<ShardJoin> asked = joining.filter(join -> sameStage && join.base() == enlist.version());
        if (asked.isPresent() && !enlist.donors().isEmpty()) {
            if (!asked.get().again(enlist.donors())) {
                tellEnlisted();
            }
        } else if (sameStage && version == enlist.version() && rebuilt != version && !digest.isEmpty()) {
            tellEnlisted();
        } else if (!(sameStage && building == enlist.version()) && !busy && applying < 0) {
            // What is being computed for what the shard holds now must end first; asked again, it starts over.
            startOver(enlist);
        }
    }

    /** Nobody has the stage; what this shard holds of any other is of no use. */
    private void rebuild(ShardMessage.Rebuild order) {
        history = order.history();
        Optional<ShardRebuild> asked = rebuilding.filter(rebuild -> rebuild.isFor(order));
        if (asked.isPresent()) {
            asked.get().again(order);
        } else if (stage == order.stage() && version == order.version() && joining.isEmpty()) {
            tellEnlisted();
        } else if (!busy && applying < 0) {
            reset(order.stage(), order.version(), false);
            building = -1;
            rebuilding = Optional.of(new ShardRebuild(ports, settings, order, new Joining()));
        }
    }

    private void startOver(ShardMessage.Enlist enlist) {
        boolean initial = enlist.donors().isEmpty();
        reset(enlist.stage(), enlist.version(), initial);
        if (initial) {
            building = enlist.version();
            ports.compute(new Compute.StateDigest(), computed -> {
                if (building == enlist.version()) {
                    building = -1;
                    version = enlist.version();
                    digest = computed;
                    tellEnlisted();
                }
            });
        } else {
            building = -1;
            joining = Optional.of(
                    new ShardJoin(ports, settings, stage, enlist.version(), enlist.donors(), new Joining()));
        }
    }

    /** Lets go of whatever is held here, to begin with this version of a stage. */
    private void reset(int newStage, long newVersion, boolean initial) {
        rebuilding.ifPresent(ShardRebuild::close);
        rebuilding = Optional.empty();
        joining.ifPresent(ShardJoin::close);
        joining = Optional.empty();
        rounds.close();
        custody.clear();
        unanswered.clear();
        opened = NOTHING_OPENED;
        everywhere = -1;
        tallyDue = false;
        traces.clear("the shard starts over");
        version = -1;
        rebuilt = -1;
        digest = "";
        if (steps == null || stage != newStage || initial) {
            donor.ifPresent(SnapshotDonor::close);
            stage = newStage;
            traces.stage(stage);
            queue.set(0);
            rateShown.set(0);
            rate = new ComputeRate();
            // A node may have several shards, and even two of one stage.
            Telemetry.Label[] labels = {
                new Telemetry.Label("stage", String.valueOf(stage)),
                new Telemetry.Label("peer", self.peer().local())
            };
            queue = ports.all().telemetry().gauge(QUEUE, labels);
            rateShown = ports.all().telemetry().gauge(RATE, labels);
            donor = Optional.of(new SnapshotDonor(ports, settings.transfer(), self, stage));
            ports.compute(new Compute.Open(stage, newVersion, initial), nothing -> {});
        }
        steps = new OpenSteps(stage, settings.stages(), settings.credits());
    }

    private void tellEnlisted() {
        tell(new CoordinatorMessage.Enlisted(fence.seen(), stage, version, digest));
    }

    private final class Joining implements ShardJoin.Owner {
        @Override
        public void holds(long held, String computed, boolean fromSnapshot) {
            version = held;
            digest = computed;
            if (fromSnapshot) {
                rebuilding.ifPresent(rebuild -> {
                    rebuild.close();
                    rebuilt = held;
                });
                rebuilding = Optional.empty();
                tellEnlisted();
            } else {
                tell(new CoordinatorMessage.Applied(fence.seen(), held - 1, computed));
            }
        }

        @Override
        public void quarters(long of, int passed) {
            tell(new CoordinatorMessage.Fetching(fence.seen(), of, passed));
        }

        @Override
        public void bad(long of, Member donor, String reason) {
            getContext().getLog().warn("{}: {} is not to be believed: {}", self, donor, reason);
            tell(new CoordinatorMessage.BadDonor(fence.seen(), of, donor, reason));
        }

        @Override
        public void failed(long of, boolean donorsLacking, String reason) {
            tell(new CoordinatorMessage.JoinFailed(fence.seen(), of, donorsLacking, reason));
        }
    }

    private void follow(ShardMessage.Follow order) {
        if (joining.isPresent() && !joining.get().follow(order)) {
            tellEnlisted();
        }
    }

    private void pin(ShardMessage.Pin order) {
        if (order.version() == version
                && joining.isEmpty()
                && applying < 0
                && !order.receivers().isEmpty()) {
            var source = new SnapshotDonor.Source(
                    new Compute.Pin(settings.transfer().chunkBytes()), Compute.ReadChunk::new, new Compute.Unpin());
            donor.orElseThrow().open(version, source, order.receivers(), reason -> getContext()
                    .getLog()
                    .warn("{}: no copy of version {}: {}", self, version, reason));
        }
    }

    private void notServed(Member from, TransferMessage asked) {
        if (!(asked instanceof TransferMessage.Release)) {
            ports.send(
                    from,
                    new TransferMessage.NotServed(asked.stage(), asked.version(), self + " serves stage " + stage));
        }
    }

    private void openStep(MemberMessage.OpenStep open) {
        MicrobatchId first = new MicrobatchId(open.purpose(), open.step(), 0);
        boolean measured = open.purpose() == Purpose.EVALUATE && first.compareTo(opened) < 0;
        if (measured || open.step() < version) {
            // A late copy. To open an evaluation again while its version trains would forget what is counted.
            return;
        }
        if (steps == null || version < open.version()) {
            throw new ProtocolException(self + " holds version " + version + " and cannot open step " + open.step()
                    + ", for which all hold version " + open.version());
        }
        joining.ifPresent(ShardJoin::close);
        joining = Optional.empty();
        everywhere = Math.max(everywhere, open.version());
        if (!steps.isOpen(open.purpose(), open.step())) {
            steps.open(open.purpose(), open.step(), open.microbatches(), version);
            opened = first.compareTo(opened) > 0 ? first : opened;
            if (open.step() == version) {
                moveUp();
            }
        } else if (getContext().getLog().isDebugEnabled()) {
            // Asked again: the step takes long.
            getContext().getLog().debug("{}: {}; custody: {}", self, steps, custody);
        }
        rosterChanged(open.roster());
    }

    /** Another step makes the next version: what was left of those before is over. */
    private void moveUp() {
        MicrobatchId first = steps.front().isOpen(Purpose.EVALUATE, version)
                ? new MicrobatchId(Purpose.EVALUATE, version, 0)
                : new MicrobatchId(Purpose.TRAIN, version, 0);
        custody.over(first);
        unanswered.removeIf(answer -> answer.id().compareTo(first) < 0);
        traces.over(first, "its step was over before it was done");
        closing = 0;
        tallyDue = false;
        rounds.reset();
    }

    private void rosterChanged(Roster newRoster) {
        if (steps == null || roster.epoch().equals(newRoster.epoch())) {
            return;
        }
        if (newRoster.stageOf(self).isEmpty()) {
            throw new ProtocolException(self + " is not in roster " + newRoster.epoch());
        }
        roster = newRoster;
        custody.members(roster.stage(stage + 1));
        List<MicrobatchId> orphans = steps.upstreams(stage == 0 ? roster.trainers() : roster.stage(stage - 1));
        if (!orphans.isEmpty()) {
            for (Member upstream : roster.stage(stage - 1)) {
                ports.send(upstream, new ShardMessage.Orphans(orphans));
            }
        }
    }

    private void closeStep(ShardMessage.CloseStep close) {
        everywhere = version;
        if (close.closing() > closing) {
            closing = close.closing();
            StepAccount account = steps.front();
            if (!account.isFrozen()) {
                custody.restart(version);
            }
            account.freeze();
            account.unseal();
            rounds.abandon();
            if (close.discard()) {
                account.discard();
                ports.compute(new Compute.Discard(version), nothing -> {});
            }
        }
        tallyDue = true;
    }

    private void replay(MemberMessage.ReplayOrders orders) {
        if (orders.closing() <= closing) {
            return;
        }
        closing = orders.closing();
        StepAccount account = steps.front();
        // What this shard replays itself, and has counted, goes by these orders alone; what it waits for goes on.
        custody.unanswered().stream()
                .filter(id -> id.step() == orders.step() && !account.awaitsGradient(id))
                .forEach(id -> cancel(custody.drop(id)));
        for (MemberMessage.ReplayOrder order : orders.orders()) {
            MicrobatchId id = new MicrobatchId(Purpose.TRAIN, orders.step(), order.index());
            if (account.replayFrom(id, order.replay())) {
                cancel(custody.drop(id));
                custody.hold(id, true);
            } else {
                getContext().getLog().warn("{}: asked to replay {} but keeps no activations of it", self, id);
            }
        }
    }

    private void gradientWanted(Member from, ShardMessage.GradientWanted wanted) {
        if (steps == null || !roster.stage(stage - 1).contains(from)) {
            return;
        }
        StepAccount account = steps.of(wanted.id());
        account.keptGradient(wanted.id()).ifPresent(gradient -> {
            Route route = new Route(settings.run(), self, from);
            double loss = account.loss(wanted.id());
            // Not answered: asked for again.
            ports.offer(new DataFrame.Backward(route, wanted.id(), wanted.attempt(), loss, gradient), outcome -> {});
        });
    }

    private void whoHas(Member from, ShardMessage.WhoHas who) {
        boolean current =
                steps != null && roster.epoch().compareTo(who.epoch()) >= 0 && steps.isOpen(who.purpose(), who.step());
        if (current) {
            StepAccount account = steps.of(new MicrobatchId(who.purpose(), who.step(), 0));
            ports.send(
                    from,
                    new TrainerMessage.Held(
                            roster.epoch(),
                            who.purpose(),
                            who.step(),
                            account.finishedLosses(),
                            account.adopt(from, who.indices()),
                            account.isFrozen()));
        }
    }

    // ---- averaging and commit ---------------------------------------------------------------------------------

    private void average(ShardMessage.Average order) {
        StepAccount account = steps.front();
        if (account.computing() || !account.isFrozen() || !order.indices().equals(account.counted())) {
            tallyDue = true;
            return;
        }
        if (rounds.knows(order)) {
            rounds.sealed(order.round()).ifPresent(this::tellAveraged);
            return;
        }
        account.seal();
        feed.begin(order.step(), order.round(), order.listeners());
        rounds.begin(order);
    }

    private ActorRef<AveragingRound.Message> spawnRound(ShardMessage.Average order) {
        var task = new AveragingRound.Task(
                settings.run(),
                self,
                order.step(),
                order.round(),
                order.participants(),
                steps.front().microbatches(),
                settings.partLength(),
                settings.retry());
        ActorRef<Message> me = getContext().getSelf();
        var actor = getContext()
                .spawn(
                        AveragingRound.create(
                                ports.all(),
                                task,
                                (part, average) -> {
                                    if (!order.listeners().isEmpty()) {
                                        me.tell(new PartReduced(order.step(), order.round(), part, average));
                                    }
                                },
                                result -> me.tell(new RoundFinished(
                                        new ShardRounds.Sealed(order.step(), order.round(), result)))),
                        "round-" + order.step() + "-" + order.round());
        getContext().watch(actor);
        return actor;
    }

    private void roundFinished(ShardRounds.Sealed average) {
        if (rounds.finished(average)) {
            tellAveraged(average);
        }
    }

    private void tellAveraged(ShardRounds.Sealed average) {
        tell(new CoordinatorMessage.Averaged(
                fence.seen(),
                average.step(),
                average.round(),
                average.result().digest(),
                average.result().squaredNorm()));
    }

    private void commit(ShardMessage.Commit commit) {
        if (joining.isPresent()) {
            return;
        }
        if (version == commit.step() + 1) {
            tell(new CoordinatorMessage.Applied(fence.seen(), commit.step(), digest));
            return;
        }
        if (applying >= 0 || version > commit.step()) {
            return;
        }
        boolean prepared =
                inFront(commit.step()) && rounds.sealed(commit.round()).isPresent();
        if (!prepared) {
            throw new ProtocolException(
                    self + " cannot commit step " + commit.step() + ": round " + commit.round() + " is not complete");
        }
        applying = commit.step();
        ports.compute(new Compute.Apply(commit.step(), commit.gradientNorm()), computed -> {
            applying = -1;
            version = commit.step() + 1;
            digest = computed;
            committed = Optional.of(new Standing.Committed(commit.step(), commit.round(), commit.gradientNorm()));
            measure(steps.front().staleness());
            steps.applied(commit.step());
            rounds.close();
            moveUp();
            tell(new CoordinatorMessage.Applied(fence.seen(), commit.step(), digest));
            promiseIfDue();
        });
    }

    private void measure(List<Long> staleness) {
        if (watched) {
            staleness.forEach(versions -> ports.all()
                    .telemetry()
                    .counter(
                            COUNTED,
                            new Telemetry.Label("stage", String.valueOf(stage)),
                            new Telemetry.Label("staleness", String.valueOf(versions)))
                    .add(1));
        }
    }

    /** The version before is there until the next one is applied. Done once; asked again, the result is only said again. */
    private void redo(ShardMessage.Redo redo) {
        Standing.Committed last = committed
                .filter(commit -> commit.step() == redo.step() && version == redo.step() + 1)
                .orElseThrow(() -> new ProtocolException(self + " holds version " + version + " and cannot do step "
                        + redo.step() + " again: it did not apply it last"));
        if (redoing) {
            return;
        }
        redoing = true;
        ports.compute(new Compute.Redo(redo.step(), last.gradientNorm()), computed -> {
            redoing = false;
            digest = computed;
            tell(new CoordinatorMessage.Redone(fence.seen(), redo.step(), digest));
            promiseIfDue();
        });
    }

    private void tell(ControlMessage message) {
        fence.coordinator().ifPresent(member -> ports.send(member, message));
    }
}
