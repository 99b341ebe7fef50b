package io.murmuration.cluster.run;

import com.typesafe.config.ConfigFactory;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.run.Candidate;
import io.murmuration.actors.run.Host;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.run.RunPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A whole swarm in one process and one actor system: coordinator, trainers, shards, keeper. Thread-safe. */
public final class LocalSwarm implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LocalSwarm.class);

    private static final Duration CLOSE = Duration.ofSeconds(30);

    private static final PeerId COORDINATOR = new PeerId("coordinator");

    /** Received by the guardian. */
    sealed interface Message {}

    private record Kill(PeerId peer) implements Message {}

    /** An incarnation of the candidate that leads this swarm. */
    private record Coordinating(ActorRef<Candidate.Message> candidate) implements Message {}

    private enum Stop implements Message {
        STOP
    }

    private final ActorSystem<Message> system;

    private LocalSwarm(ActorSystem<Message> system) {
        this.system = system;
    }

    /**
     * Starts everything.
     *
     * @param run identity of the run
     * @param keeper whether checkpoints are kept
     * @param ports made once the actor system is there
     * @param observer told of every event, one at a time; must hand over and return at once
     */
    public static LocalSwarm start(
            String run,
            RunPlan plan,
            SwarmLimits limits,
            boolean keeper,
            Function<ActorSystem<?>, Ports> ports,
            Consumer<RunEvent> observer) {
        Behavior<Message> guardian =
                Behaviors.setup(context -> new Guardian(context, run, plan, limits, keeper, ports, observer));
        return new LocalSwarm(ActorSystem.create(
                guardian,
                "murmuration",
                ConfigFactory.parseResources("murmuration-pekko.conf")
                        .withFallback(ConfigFactory.defaultReference())
                        .resolve()));
    }

    /** Stops the run at its next step boundary. */
    public void stop() {
        system.tell(Stop.STOP);
    }

    /** Stops one peer without a goodbye; it comes back as a new incarnation. */
    public void kill(PeerId peer) {
        system.tell(new Kill(peer));
    }

    @Override
    public void close() {
        system.terminate();
        try {
            system.getWhenTerminated().toCompletableFuture().get(CLOSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException e) {
            LOG.warn("the actor system did not end in {}: {}", CLOSE, e.toString());
        }
    }

    private static final class Guardian extends AbstractBehavior<Message> {

        private final ActorRef<Host.Message> host;
        private final Consumer<RunEvent> observer;
        private Optional<ActorRef<Candidate.Message>> candidate = Optional.empty();
        private boolean stopRequested;

        private Guardian(
                ActorContext<Message> context,
                String run,
                RunPlan plan,
                SwarmLimits limits,
                boolean keeper,
                Function<ActorSystem<?>, Ports> makePorts,
                Consumer<RunEvent> observer) {
            super(context);
            this.observer = observer;
            Ports ports = makePorts.apply(context.getSystem());
            host = context.spawn(
                    Host.create(
                            ports.membership(),
                            residents(run, plan, limits, keeper, ports),
                            new Host.Settings(1, limits.restarts(), limits.leaveWait()),
                            this::observe),
                    "host");
            context.watch(host);
        }

        /** With nobody left who could coordinate the run is over. */
        private void observe(RunEvent event) {
            observer.accept(event);
            if (event instanceof RunEvent.GivenUp(Member member, String reason)
                    && member.peer().equals(COORDINATOR)) {
                observer.accept(new RunEvent.Failed(member + " is given up: " + reason));
            }
        }

        private List<Host.Resident> residents(
                String run, RunPlan plan, SwarmLimits limits, boolean keeper, Ports ports) {
            ActorRef<Message> guardian = getContext().getSelf();
            Residents make = new Residents(
                    run, plan, limits, ports, observer, started -> guardian.tell(new Coordinating(started)));
            List<Host.Resident> residents = new ArrayList<>();
            residents.add(make.resident(COORDINATOR, Role.COORDINATOR));
            if (keeper) {
                residents.add(make.resident(new PeerId("keeper"), Role.KEEPER));
            }
            for (int trainer = 0; trainer < plan.trainers(); trainer++) {
                residents.add(make.resident(new PeerId("trainer-" + trainer), Role.TRAINER));
            }
            for (int shard = 0; shard < plan.stages() * plan.replicas(); shard++) {
                residents.add(make.resident(new PeerId("shard-" + shard), Role.SHARD));
            }
            return residents;
        }

        @Override
        public Receive<Message> createReceive() {
            return newReceiveBuilder()
                    .onMessage(Kill.class, kill -> {
                        host.tell(new Host.Kill(kill.peer()));
                        return this;
                    })
                    .onMessage(Coordinating.class, coordinating -> {
                        candidate = Optional.of(coordinating.candidate());
                        if (stopRequested) {
                            coordinating.candidate().tell(Candidate.Command.STOP);
                        }
                        return this;
                    })
                    .onMessage(Stop.class, stop -> {
                        stopRequested = true;
                        candidate.ifPresent(member -> member.tell(Candidate.Command.STOP));
                        return this;
                    })
                    .onSignal(ChildFailed.class, failed -> {
                        String who = failed.getRef().path().name();
                        observer.accept(new RunEvent.Failed("the " + who + " failed: " + failed.cause()));
                        return this;
                    })
                    .build();
        }
    }
}
