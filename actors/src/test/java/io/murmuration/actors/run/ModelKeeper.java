package io.murmuration.actors.run;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** A keeper without a disk. */
final class ModelKeeper extends ModelPeer {

    private long version = -1;
    private List<Member> donors = List.of();
    private final Set<Member> arrived = new TreeSet<>();

    ModelKeeper(RunModel world, Member self) {
        super(world, self);
    }

    @Override
    Role role() {
        return Role.KEEPER;
    }

    @Override
    void receive(ControlMessage message) {
        KeeperMessage.Keep keep = (KeeperMessage.Keep) message;
        if (!fence(keep.epoch())) {
            return;
        }
        if (keep.version() != version || !keep.donors().equals(donors)) {
            version = keep.version();
            donors = keep.donors();
            arrived.clear();
        }
        answer();
    }

    boolean awaits(long at) {
        return version >= at;
    }

    void snapshot(Member donor, long at) {
        if (at == version && donors.contains(donor)) {
            arrived.add(donor);
            answer();
        }
    }

    private void answer() {
        if (arrived.size() == donors.size()) {
            tell(new CoordinatorMessage.Kept(version));
        }
    }

    @Override
    boolean work() {
        return false;
    }
}
