package io.murmuration.cluster.run;

import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.rebalance.RebalanceSettings;
import io.murmuration.actors.run.Candidate;
import io.murmuration.actors.run.Host;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.run.RunPlan;
import io.murmuration.actors.shard.Shard;
import io.murmuration.actors.shard.ShardSettings;
import io.murmuration.actors.trainer.Trainer;
import io.murmuration.actors.trainer.TrainerSettings;
import io.murmuration.actors.transfer.Keeper;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Who lives on a node and how each is made: the one assembly of the production actors, whether the node is a process, a
 * whole swarm in one, or simulated.
 *
 * @param run identity of the run, in every data frame
 * @param plan what a coordinator steers towards
 * @param observer told of every {@link RunEvent} of a coordinator here; must hand over and return at once
 * @param candidates told of every incarnation of a candidate here, so that it can be given orders
 */
public record Residents(
        String run,
        RunPlan plan,
        SwarmLimits limits,
        Ports ports,
        Consumer<RunEvent> observer,
        Consumer<ActorRef<Candidate.Message>> candidates) {

    /**
     * The peers of a node, named {@code NODE:ROLE}. One that can coordinate keeps checkpoints too.
     *
     * @param shards how many, if it has that role; from the second on they are called {@code NODE:shard-2} and so on
     */
    public List<Host.Resident> of(String node, Collection<Role> roles, int shards) {
        return hosted(roles).stream()
                .flatMap(role -> IntStream.rangeClosed(1, peers(role, shards))
                        .mapToObj(number -> resident(PeerNames.peer(node, role, number), role)))
                .toList();
    }

    /** How many peers {@link #of} makes. */
    public static int count(Collection<Role> roles, int shards) {
        return hosted(roles).stream().mapToInt(role -> peers(role, shards)).sum();
    }

    private static int peers(Role role, int shards) {
        return role == Role.SHARD ? shards : 1;
    }

    /** What a node with these roles hosts, in the order in which it starts them. */
    public static SequencedSet<Role> hosted(Collection<Role> roles) {
        SequencedSet<Role> hosted = new LinkedHashSet<>(roles);
        if (hosted.contains(Role.COORDINATOR)) {
            hosted.add(Role.KEEPER);
        }
        hosted.remove(Role.VERIFIER);
        return hosted;
    }

    /** One peer. */
    public Host.Resident resident(PeerId peer, Role role) {
        return switch (role) {
            case SHARD -> {
                ShardSettings shard =
                        limits.shard(run, plan.stages(), plan.rebalance().map(RebalanceSettings::period));
                yield Host.Resident.of(peer, role, member -> Shard.create(ports, member, shard), Shard.Command.LEAVE);
            }
            case TRAINER -> {
                TrainerSettings trainer = limits.trainer(run);
                yield Host.Resident.of(
                        peer, role, member -> Trainer.create(ports, member, trainer), Trainer.Command.LEAVE);
            }
            case KEEPER ->
                Host.Resident.of(
                        peer,
                        role,
                        member -> Keeper.create(ports, member, limits.transfers(run)),
                        Keeper.Command.LEAVE);
            case VERIFIER -> throw new IllegalArgumentException("nobody verifies yet, so " + peer + " is not hosted");
            case COORDINATOR ->
                Host.Resident.<Candidate.Message>of(
                        peer,
                        role,
                        member -> Behaviors.setup(child -> {
                            candidates.accept(child.getSelf());
                            return Candidate.create(ports, member, plan, observer);
                        }),
                        Candidate.Command.LEAVE);
        };
    }
}
