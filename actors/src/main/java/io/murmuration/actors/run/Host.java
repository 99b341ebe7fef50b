package io.murmuration.actors.run;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * The supervisor of a node: starts its peers and lets membership know of them. A peer that fails comes back as a new
 * incarnation, up to a limit, and is refilled by the protocol like any joiner; nothing of the failed one is reused.
 */
public final class Host extends AbstractBehavior<Host.Message> {

    /** Received by this actor. */
    public sealed interface Message {}

    /** Stops the present incarnation of a peer at once, as a fault would; it counts as a failure. */
    public record Kill(PeerId peer) implements Message {}

    /** A peer to run: how to make the actor of one incarnation. */
    public record Resident(PeerId peer, Role role, Function<Member, Behavior<?>> behavior) {}

    private final Membership membership;
    private final RestartPolicy restarts;
    private final Map<PeerId, Resident> residents = new LinkedHashMap<>();
    private final Map<PeerId, Member> incarnations = new LinkedHashMap<>();
    private final Map<ActorRef<Void>, PeerId> children = new LinkedHashMap<>();

    private final Consumer<RunEvent> observer;

    private Host(
            ActorContext<Message> context,
            Membership membership,
            List<Resident> residents,
            int restartLimit,
            long firstIncarnation,
            Consumer<RunEvent> observer) {
        super(context);
        this.membership = membership;
        this.observer = observer;
        this.restarts = new RestartPolicy(restartLimit);
        for (Resident resident : residents) {
            this.residents.put(resident.peer(), resident);
            start(resident, firstIncarnation);
        }
    }

    /**
     * @param restartLimit restarts of one peer before it is given up
     * @param observer told of {@link RunEvent.GivenUp}; must hand over and return at once
     */
    public static Behavior<Message> create(
            Membership membership, List<Resident> residents, int restartLimit, Consumer<RunEvent> observer) {
        return create(membership, residents, restartLimit, 1, observer);
    }

    /** @param firstIncarnation of every peer; higher than any that a life of this node before had */
    public static Behavior<Message> create(
            Membership membership,
            List<Resident> residents,
            int restartLimit,
            long firstIncarnation,
            Consumer<RunEvent> observer) {
        return Behaviors.setup(
                context -> new Host(context, membership, residents, restartLimit, firstIncarnation, observer));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Kill.class, kill -> {
                    children.forEach((child, peer) -> {
                        if (peer.equals(kill.peer())) {
                            getContext().stop(child);
                        }
                    });
                    return this;
                })
                .onSignal(
                        ChildFailed.class,
                        failed -> ended(failed, String.valueOf(failed.cause().getMessage())))
                .onSignal(Terminated.class, stopped -> ended(stopped, "stopped"))
                .build();
    }

    private void start(Resident resident, long incarnation) {
        Member member = new Member(resident.peer(), incarnation);
        ActorRef<Void> child = getContext()
                .spawn(
                        resident.behavior().apply(member).unsafeCast(),
                        resident.peer().name() + "-" + incarnation);
        getContext().watch(child);
        children.put(child, resident.peer());
        incarnations.put(resident.peer(), member);
        membership.join(member, resident.role());
    }

    private Host ended(Terminated signal, String reason) {
        PeerId peer = children.remove(signal.getRef());
        Member member = incarnations.get(peer);
        membership.leave(member, reason);
        if (restarts.failed(peer)) {
            getContext().getLog().warn("{} ended ({}) and comes back as a new incarnation", member, reason);
            start(residents.get(peer), member.incarnation() + 1);
        } else {
            getContext().getLog().error("{} ended ({}) too often and is given up", member, reason);
            observer.accept(new RunEvent.GivenUp(member, reason));
        }
        return this;
    }
}
