package io.murmuration.actors.transfer;

import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
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

    private final ActorPorts ports;
    private final Member self;
    private final String run;
    private Epoch seen = Epoch.NONE;
    private Optional<Member> coordinator = Optional.empty();
    private long version = -1;
    private List<Member> donors = List.of();
    private boolean making;
    private Optional<CoordinatorMessage> result = Optional.empty();
    private final Map<Integer, SnapshotReceiver> snapshots = new TreeMap<>();

    private Keeper(ActorContext<Message> context, Ports ports, Member self, String run) {
        super(context);
        this.self = self;
        this.run = run;
        ActorRef<Message> me = context.getSelf();
        this.ports = new ActorPorts(ports, self, continuation -> me.tell(new Continue(continuation)));
        ports.control().attach(self, envelope -> me.tell(new Control(envelope)));
        ports.data().attach(self, delivery -> me.tell(new Arrived(delivery)));
    }

    public static Behavior<Message> create(Ports ports, Member self, String run) {
        return Behaviors.setup(context -> new Keeper(context, ports, self, run));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Continue.class, message -> {
                    message.continuation().run();
                    return this;
                })
                .onMessage(Control.class, message -> {
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
        if (!(envelope.message() instanceof KeeperMessage.Keep keep)) {
            getContext()
                    .getLog()
                    .warn("{} keeps checkpoints: ignored {} of {}", self, envelope.message(), envelope.from());
            return;
        }
        if (keep.epoch().compareTo(seen) < 0) {
            ports.send(envelope.from(), new CoordinatorMessage.Superseded(seen, keep.epoch()));
            return;
        }
        seen = keep.epoch();
        coordinator = Optional.of(envelope.from());
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
            coordinator.ifPresent(member -> ports.send(member, message));
        }
    }
}
