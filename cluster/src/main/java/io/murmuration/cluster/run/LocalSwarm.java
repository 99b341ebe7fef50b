package io.murmuration.cluster.run;

import com.typesafe.config.ConfigFactory;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.run.Coordinator;
import io.murmuration.actors.run.Host;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.run.RunPlan;
import io.murmuration.actors.shard.Shard;
import io.murmuration.actors.shard.ShardSettings;
import io.murmuration.actors.trainer.Trainer;
import io.murmuration.actors.trainer.TrainerSettings;
import io.murmuration.actors.transfer.Keeper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

    /** Received by the guardian. */
    sealed interface Message {}

    private record Kill(PeerId peer) implements Message {}

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

        private final ActorRef<Coordinator.Message> coordinator;
        private final ActorRef<Host.Message> host;
        private final Consumer<RunEvent> observer;

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
            // The first coordinator of a new actor system: everybody's memory begins with it, so does the count of
            // terms.
            coordinator = context.spawn(
                    Coordinator.create(ports, Member.of("coordinator", 1), plan, 1, observer), "coordinator");
            host = context.spawn(
                    Host.create(
                            ports.membership(),
                            residents(run, plan, limits, keeper, ports),
                            limits.restarts(),
                            observer),
                    "host");
            context.watch(coordinator);
            context.watch(host);
        }

        private static List<Host.Resident> residents(
                String run, RunPlan plan, SwarmLimits limits, boolean keeper, Ports ports) {
            ShardSettings shardSettings = limits.shard(run, plan.stages());
            TrainerSettings trainerSettings = limits.trainer(run);
            List<Host.Resident> residents = new ArrayList<>();
            if (keeper) {
                residents.add(new Host.Resident(
                        new PeerId("keeper"),
                        Role.KEEPER,
                        member -> Keeper.create(ports, member, limits.transfers(run))));
            }
            for (int trainer = 0; trainer < plan.trainers(); trainer++) {
                residents.add(new Host.Resident(
                        new PeerId("trainer-" + trainer),
                        Role.TRAINER,
                        member -> Trainer.create(ports, member, trainerSettings)));
            }
            for (int shard = 0; shard < plan.stages() * plan.replicas(); shard++) {
                residents.add(new Host.Resident(
                        new PeerId("shard-" + shard),
                        Role.SHARD,
                        member -> Shard.create(ports, member, shardSettings)));
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
                    .onMessage(Stop.class, stop -> {
                        coordinator.tell(Coordinator.Command.STOP);
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
