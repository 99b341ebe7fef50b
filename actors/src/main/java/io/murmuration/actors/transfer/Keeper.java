package io.murmuration.actors.transfer;

import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Fence;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.protocol.TransferMessage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Pulls one snapshot of every stage at the same version and has a checkpoint made of them; serves what is stored to whoever
 * asks for it, after it has been found to be what was written. With it dies at most the checkpoint under way; the
 * coordinator asks again.
 */
public final class Keeper extends AbstractBehavior<Keeper.Message> {

    /** Received by this actor. */
    public sealed interface Message {}

    private record Control(Envelope envelope) implements Message {}

    private record Arrived(DataPlane.Delivery delivery) implements Message {}

    /** Somebody is not there any more. */
    private record Gone(Member member) implements Message {}

    private record Continue(Runnable continuation) implements Message {}

    /** Orders of the {@link io.murmuration.actors.run.Host}. */
    public enum Command implements Message {
        /** Go; it ends when the coordinator has let it. */
        LEAVE
    }

    private enum Timer implements Message {
        WAKE
    }

    /** More than any store keeps; the oldest are looked at again. */
    private static final int MAX_UNSOUND = 64;

    private final TimerScheduler<Message> timers;
    private final ActorPorts ports;
    private final Member self;
    private final TransferSettings settings;
    private final Fence fence = new Fence();
    private boolean leaving;
    private long version = -1;
    private Optional<CoordinatorMessage> result = Optional.empty();
    private final Map<Integer, SnapshotFetch> snapshots = new TreeMap<>();
    /** Stored checkpoints that are being served, by stage. */
    private final Map<Integer, SnapshotDonor> served = new TreeMap<>();
    /** What was found to be damaged, with the reason: not looked at again until it is written anew. */
    private final TreeMap<Long, String> unsound = new TreeMap<>();

    private Keeper(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Ports ports,
            Member self,
            TransferSettings settings) {
        super(context);
        this.timers = timers;
        this.self = self;
        this.settings = settings;
        ActorRef<Message> me = context.getSelf();
        this.ports = new ActorPorts(ports, self, continuation -> me.tell(new Continue(continuation)));
        ports.control().attach(self, envelope -> me.tell(new Control(envelope)));
        ports.data().attach(self, delivery -> me.tell(new Arrived(delivery)));
        ports.membership().subscribe(self, event -> {
            if (event instanceof Membership.Removed(Member member, String reason)) {
                me.tell(new Gone(member));
            }
        });
    }

    public static Behavior<Message> create(Ports ports, Member self, TransferSettings settings) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new Keeper(context, timers, ports, self, settings)));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Continue.class, message -> {
                    message.continuation().run();
                    return proceed();
                })
                .onMessage(Command.class, command -> leave())
                .onMessage(Control.class, message -> {
                    if (message.envelope().message() instanceof MemberMessage.Discharged discharged
                            && fence(message.envelope().from(), discharged.epoch())
                            && leaving) {
                        return Behaviors.stopped();
                    }
                    control(message.envelope());
                    return proceed();
                })
                .onMessage(Arrived.class, message -> {
                    arrived(message.delivery());
                    return proceed();
                })
                .onMessage(Gone.class, gone -> {
                    snapshots.values().forEach(fetch -> fetch.gone(gone.member()));
                    return proceed();
                })
                .onMessage(Timer.class, timer -> proceed())
                .onSignal(PostStop.class, stopped -> {
                    ports.all().membership().unsubscribe(self);
                    ports.all().control().detach(self);
                    ports.all().data().detach(self);
                    ports.all().compute().release(self);
                    return this;
                })
                .build();
    }

    /** After every message: ask for what is due, serve what is due, sleep until something is. */
    private Keeper proceed() {
        List.copyOf(snapshots.values()).forEach(SnapshotFetch::proceed);
        served.values().forEach(SnapshotDonor::proceed);
        served.values().removeIf(donor -> donor.version() < 0);
        OptionalLong wake = Stream.concat(
                        snapshots.values().stream().map(SnapshotFetch::wake),
                        served.values().stream().map(SnapshotDonor::wake))
                .flatMapToLong(OptionalLong::stream)
                .min();
        if (wake.isPresent()) {
            timers.startSingleTimer(Timer.WAKE, Duration.ofNanos(Math.max(1, wake.getAsLong() - ports.now())));
        } else {
            timers.cancel(Timer.WAKE);
        }
        return this;
    }

    private void control(Envelope envelope) {
        Member from = envelope.from();
        if (!(envelope.message() instanceof KeeperMessage message)) {
            getContext().getLog().warn("{} keeps checkpoints: ignored {} of {}", self, envelope.message(), from);
            return;
        }
        switch (message) {
            case MemberMessage.TakeOver takeOver -> {
                if (fence(from, takeOver.epoch())) {
                    forget();
                    promise();
                }
            }
            case KeeperMessage.Keep keep -> {
                if (fence(from, keep.epoch())) {
                    keep(keep);
                }
            }
            // Not asked for, or refused above.
            case MemberMessage.Discharged discharged -> {}
            case TransferMessage.NotServed refused ->
                Optional.ofNullable(snapshots.get(refused.stage())).ifPresent(fetch -> fetch.notServed(from, refused));
            case TransferMessage asked -> asked(from, asked);
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

    /** The run may go on from an earlier version: what is under way, or was done, may not be of its history. */
    private void forget() {
        snapshots.values().forEach(SnapshotFetch::stop);
        snapshots.clear();
        version = -1;
        result = Optional.empty();
    }

    /** A keeper whose folder cannot be read has nothing to serve; that is no reason not to take part. */
    private void promise() {
        Epoch epoch = fence.seen();
        ports.tryCompute(new Compute.StoredVersions(), outcome -> {
            List<Long> versions =
                    switch (outcome) {
                        case Compute.Completed<List<Long>>(List<Long> kept) ->
                            kept.stream()
                                    .filter(each -> !unsound.containsKey(each))
                                    .toList();
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
        timers.startSingleTimer(Command.LEAVE, settings.deadline());
        return this;
    }

    // ---- keeping ----------------------------------------------------------------------------------------------

    private void keep(KeeperMessage.Keep keep) {
        if (keep.version() == version && result.isPresent()) {
            tell(result.get());
            return;
        }
        if (keep.version() != version || keep.donors().size() != snapshots.size()) {
            snapshots.values().forEach(SnapshotFetch::stop);
            snapshots.clear();
            version = keep.version();
            result = Optional.empty();
            for (int stage = 0; stage < keep.donors().size(); stage++) {
                snapshots.put(
                        stage,
                        new SnapshotFetch(ports, settings, stage, version, Optional.empty(), new Kept(stage, version)));
            }
        }
        for (int stage = 0; stage < keep.donors().size(); stage++) {
            snapshots.get(stage).donors(keep.donors().get(stage));
        }
    }

    /** One stage's snapshot as it comes in. */
    private final class Kept implements SnapshotFetch.Owner {
        private final int stage;
        private final long of;

        private Kept(int stage, long of) {
            this.stage = stage;
            this.of = of;
        }

        @Override
        public void write(int index, int chunks, Payload chunk) {
            ports.tryCompute(
                    new Compute.KeepChunk(stage, of, index, chunks, chunk), outcome -> report(of, outcome, false));
        }

        @Override
        public void bad(Member donor, String reason) {
            getContext().getLog().warn("{}: {} is not to be believed: {}", self, donor, reason);
            tell(new CoordinatorMessage.BadDonor(fence.seen(), of, donor, reason));
        }

        @Override
        public void quarters(int passed) {}

        @Override
        public void complete() {
            if (of == version && snapshots.values().stream().allMatch(SnapshotFetch::over)) {
                ports.tryCompute(
                        new Compute.KeepCheckpoint(of, snapshots.size()), outcome -> report(of, outcome, true));
            }
        }

        @Override
        public void stuck() {
            // What is there is kept: told again with other donors of this version, it goes on.
            tell(new CoordinatorMessage.JoinFailed(
                    fence.seen(), of, true, "no donor of stage " + stage + " at version " + of + " is left"));
        }
    }

    private void report(long done, Compute.Outcome<?> outcome, boolean last) {
        switch (outcome) {
            case Compute.Completed<?> completed -> {
                if (last) {
                    unsound.remove(done);
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
            snapshots.values().forEach(SnapshotFetch::stop);
            tell(message);
        }
    }

    // ---- serving ----------------------------------------------------------------------------------------------

    /** A stored checkpoint is opened when somebody first asks for it, and let go when nobody has asked for a while. */
    private void asked(Member from, TransferMessage asked) {
        String damage = unsound.get(asked.version());
        if (damage != null) {
            ports.send(from, new TransferMessage.NotServed(asked.stage(), asked.version(), damage));
            tell(new CoordinatorMessage.Unsound(asked.version(), damage));
            return;
        }
        SnapshotDonor donor =
                served.computeIfAbsent(asked.stage(), stage -> new SnapshotDonor(ports, settings, self, stage));
        if (asked instanceof TransferMessage.ManifestWanted && donor.version() != asked.version()) {
            var source = new SnapshotDonor.Source(
                    new Compute.OpenStored(asked.stage(), asked.version(), settings.chunkBytes()),
                    index -> new Compute.ReadStored(asked.stage(), index),
                    new Compute.CloseStored(asked.stage()));
            donor.open(asked.version(), source, List.of(), reason -> {
                getContext()
                        .getLog()
                        .warn("{}: the checkpoint of version {} is not served: {}", self, asked.version(), reason);
                if (asked.version() == version) {
                    forget();
                }
                unsound.put(asked.version(), reason);
                if (unsound.size() > MAX_UNSOUND) {
                    unsound.pollFirstEntry();
                }
                tell(new CoordinatorMessage.Unsound(asked.version(), reason));
            });
        }
        donor.asked(from, asked);
    }

    // ---- small things -----------------------------------------------------------------------------------------

    private void arrived(DataPlane.Delivery delivery) {
        var route = delivery.frame().route();
        OptionalLong stage =
                switch (delivery.frame()) {
                    case DataFrame.StateManifest manifest -> OptionalLong.of(manifest.stage());
                    case DataFrame.StateChunk chunk -> OptionalLong.of(chunk.stage());
                    default -> OptionalLong.empty();
                };
        if (!route.run().equals(settings.run()) || !route.to().equals(self) || stage.isEmpty()) {
            delivery.refuse(Refusal.of(Refusal.Reason.INVALID, self + " waits for snapshots of run " + settings.run()));
            return;
        }
        Optional.ofNullable(snapshots.get((int) stage.getAsLong()))
                .ifPresentOrElse(
                        fetch -> fetch.arrived(delivery),
                        () -> delivery.refuse(Refusal.of(
                                Refusal.Reason.NOT_OPEN, "no snapshot of stage " + stage.getAsLong() + " is wanted")));
    }
}
