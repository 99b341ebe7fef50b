package io.murmuration.actors.run;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;

/** A member in a {@link RunModel}. */
abstract class ModelPeer {

    final RunModel world;
    final Member self;
    private Epoch seen = Epoch.NONE;

    ModelPeer(RunModel world, Member self) {
        this.world = world;
        this.self = self;
    }

    abstract Role role();

    abstract void receive(ControlMessage message);

    /** Does a little of what is to be done; false if there is nothing. */
    abstract boolean work();

    final boolean fence(Epoch epoch) {
        if (epoch.compareTo(seen) < 0) {
            tell(new CoordinatorMessage.Superseded(seen, epoch));
            return false;
        }
        seen = epoch;
        return true;
    }

    final Epoch seen() {
        return seen;
    }

    final void tell(CoordinatorMessage message) {
        world.send(self, RunModel.COORDINATOR, message);
    }

    final boolean alive() {
        return world.peers.get(self) == this;
    }
}
