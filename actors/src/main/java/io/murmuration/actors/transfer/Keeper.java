package io.murmuration.actors.transfer;

import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Fence;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Standing;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Takes one snapshot of every stage at the same version and has a checkpoint made of them. With it dies at most the
 * checkpoint under way; the coordinator asks again.
 */
public final class Keeper extends AbstractBehavior<Keeper.Message> {

    /** Received by this actor. */
    public sealed interface Message {}

    private record Control(Envelope envelope) implements Message {}

    private record Arrived(DataPlane.Delivery delivery) implements Message {}

    private record Continue(Runnable continuation) implements Message {}

    /** Orders of the {@link io.murmuration.actors.run.Host}. */
    public enum Command implements Message {
        /** Go; it ends when the coordinator has let it. */
        LEAVE
    }

    private final TimerScheduler<Message> timers;

    private final ActorPorts ports;
    private final Member self;
    private final String run;
    private final Duration retry;
    private final Fence fence = new Fence();
    private boolean leaving;
    private long version = -1;
    private List<Member> donors = List.of();
    private boolean making;
    private Optional<CoordinatorMessage> result = Optional.empty();
    private final Map<Integer, SnapshotReceiver> snapshots = new TreeMap<>();

    private Keeper(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Ports ports,
            Member self,
            String run,
            Duration retry) {
        super(context);
        this.timers = timers;
        this.retry = retry;
        this.self = self;
        this.run = run;
        ActorRef<Message> me = context.getSelf();
        this.ports = new ActorPorts(ports, self, continuation -> me.tell(new Continue(continuation)));
        ports.control().attach(self, envelope -> me.tell(new Control(envelope)));
        ports.data().attach(self, delivery -> me.tell(new Arrived(delivery)));
    }

    /** @param retry pause before it asks again to be let go */
    public static Behavior<Message> create(Ports ports, Member self, String run, Duration retry) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new Keeper(context, timers, ports, self, run, retry)));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Continue.class, message -> {
                    message.continuation().run();
                    return this;
                })
                .onMessage(Command.class, command -> leave())
                .onMessage(Control.class, message -> {
                    if (message.envelope().message() instanceof MemberMessage.Discharged discharged
                            && fence(message.envelope().from(), discharged.epoch())
                            && leaving) {
                        return Behaviors.stopped();
                    }
                    control(message.envelope());
                    return this;
                })
                .onMessage(Arrived.class, message -> {
                    arrived(message.delivery());
                    return this;
                })
                .onSignal(PostStop.class, stopped -> {
                    ports.all().control().detach(self);
                    ports.all().data().detach(self);
                    ports.all().compute().release(self);
                    return this;
                })
                .build();
    }

    private void control(Envelope envelope) {
        if (!(envelope.message() instanceof KeeperMessage message)) {
            getContext()
                    .getLog()
                    .warn("{} keeps checkpoints: ignored {} of {}", self, envelope.message(), envelope.from());
            return;
        }
        switch (message) {
            case MemberMessage.TakeOver takeOver -> {
                if (fence(envelope.from(), takeOver.epoch())) {
                    promise();
                }
            }
            case KeeperMessage.Keep keep -> {
                if (fence(envelope.from(), keep.epoch())) {
                    keep(envelope, keep);
                }
            }
            // Not asked for, or refused above.
            case MemberMessage.Discharged discharged -> {}
        }
    }

    /** False, and the sender is told, if what was promised forbids to obey. */
    private boolean fence(Member from, Epoch epoch) {
        Optional<CoordinatorMessage.Superseded> refusal = fence.refuse(from, epoch);
        refusal.ifPresent(superseded -> ports.send(from, superseded));
        return refusal.isEmpty();
    }

    private void tell(CoordinatorMessage message) {
        fence.coordinator().ifPresent(member -> ports.send(member, message));
    }

    /** A keeper whose folder cannot be read has nothing to serve; that is no reason not to take part. */
    private void promise() {
        Epoch epoch = fence.seen();
        ports.tryCompute(new Compute.KeptVersions(), outcome -> {
            List<Long> versions =
                    switch (outcome) {
                        case Compute.Completed<List<Long>>(List<Long> kept) -> kept;
                        case Compute.Failed<List<Long>>(Throwable cause) -> {
                            getContext().getLog().warn("{} cannot tell what it keeps: {}", self, cause.toString());
                            yield List.of();
                        }
                    };
            tell(new CoordinatorMessage.Promised(epoch, new Standing.OfKeeper(versions)));
        });
    }

    /** Asks to go, again and again until this keeper is let; with nobody to ask there is nothing to hand over. */
    private Behavior<Message> leave() {
        leaving = true;
        if (fence.coordinator().isEmpty()) {
            return Behaviors.stopped();
        }
        tell(new CoordinatorMessage.Leaving(fence.seen()));
        timers.startSingleTimer(Command.LEAVE, retry);
        return this;
    }

    private void keep(Envelope envelope, KeeperMessage.Keep keep) {
        if (keep.version() == version && keep.donors().equals(donors)) {
            result.ifPresent(message -> ports.send(envelope.from(), message));
            return;
        }
        version = keep.version();
        donors = keep.donors();
        making = false;
        result = Optional.empty();
        snapshots.clear();
        for (int stage = 0; stage < donors.size(); stage++) {
            snapshots.put(stage, new SnapshotReceiver(stage, version));
        }
    }

    private void arrived(DataPlane.Delivery delivery) {
        var route = delivery.frame().route();
        if (!route.run().equals(run)
                || !route.to().equals(self)
                || !(delivery.frame() instanceof DataFrame.StateChunk chunk)
                || !donors.contains(route.from())) {
            delivery.refuse(Refusal.of(Refusal.Reason.INVALID, self + " waits for snapshots of run " + run));
            return;
        }
        SnapshotReceiver receiver = snapshots.get(chunk.stage());
        Optional<Refusal> refusal = receiver == null
                ? Optional.of(Refusal.of(Refusal.Reason.NOT_OPEN, "no snapshot of this stage is wanted"))
                : receiver.refuse(chunk);
        if (refusal.isPresent()) {
            delivery.refuse(refusal.get());
            return;
        }
        delivery.accept();
        if (receiver.take(chunk)) {
            ports.tryCompute(
                    new Compute.KeepChunk(chunk.stage(), version, chunk.index(), chunk.chunks(), chunk.payload()),
                    outcome -> report(chunk.version(), outcome, false));
        }
        if (!making && result.isEmpty() && snapshots.values().stream().allMatch(SnapshotReceiver::complete)) {
            making = true;
            long complete = version;
            ports.tryCompute(
                    new Compute.KeepCheckpoint(complete, donors.size()), outcome -> report(complete, outcome, true));
        }
    }

    private void report(long done, Compute.Outcome<?> outcome, boolean last) {
        switch (outcome) {
            case Compute.Completed<?> completed -> {
                if (last) {
                    report(done, new CoordinatorMessage.Kept(done));
                }
            }
            case Compute.Failed<?>(Throwable cause) ->
                report(done, new CoordinatorMessage.NotKept(done, String.valueOf(cause.getMessage())));
        }
    }

    /** The first result of a version stands, and is said again if asked again. */
    private void report(long done, CoordinatorMessage message) {
        if (done == version && result.isEmpty()) {
            result = Optional.of(message);
            tell(message);
        }
    }
}
