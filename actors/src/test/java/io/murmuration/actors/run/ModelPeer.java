package io.murmuration.actors.run;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Fence;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Standing;
import java.util.Optional;

/** A member in a {@link RunModel}. */
abstract class ModelPeer {

    final RunModel world;
    final Member self;
    boolean leaving;
    /** Nothing that is sent to it or by it on the control plane arrives. */
    boolean cutOff;
    /** Perhaps somebody takes over without it. */
    boolean cutBefore;

    private final Fence fence = new Fence();

    ModelPeer(RunModel world, Member self) {
        this.world = world;
        this.self = self;
    }

    abstract Role role();

    abstract Standing standing();

    /** What only this kind of peer is told; the fence lets it pass. */
    abstract void obey(ControlMessage message);

    abstract Epoch epoch(ControlMessage message);

    /** Does a little of what is to be done; false if there is nothing. */
    abstract boolean work();

    final void receive(Member from, ControlMessage message) {
        Epoch epoch =
                switch (message) {
                    case MemberMessage.TakeOver takeOver -> takeOver.epoch();
                    case MemberMessage.StartOver startOver -> startOver.epoch();
                    case MemberMessage.Discharged discharged -> discharged.epoch();
                    default -> epoch(message);
                };
        Optional<CoordinatorMessage.Superseded> refusal = fence.refuse(from, epoch);
        if (refusal.isPresent()) {
            world.send(self, from, refusal.get());
            return;
        }
        switch (message) {
            case MemberMessage.TakeOver takeOver -> tell(new CoordinatorMessage.Promised(seen(), standing()));
            case MemberMessage.StartOver startOver -> world.die(self, "starts over: " + startOver.reason());
            case MemberMessage.Discharged discharged -> {
                if (leaving) {
                    world.die(self, "left");
                }
            }
            default -> obey(message);
        }
    }

    /** Asks to be let go, if it wants to. */
    final void askToGo() {
        if (leaving) {
            tell(new CoordinatorMessage.Leaving(seen()));
        }
    }

    final Epoch seen() {
        return fence.seen();
    }

    final void tell(CoordinatorMessage message) {
        fence.coordinator().ifPresent(coordinator -> world.send(self, coordinator, message));
    }

    final boolean alive() {
        return world.peers.get(self) == this;
    }
}
