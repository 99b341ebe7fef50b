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

    private static final int PATIENCE = 20;

    private long version = -1;
    private List<List<Member>> donors = List.of();
    private final Set<Integer> arrived = new TreeSet<>();
    private final Set<Long> stored = new TreeSet<>();
    private boolean fetching;
    private int misses;

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
        donors = keep.donors();
        if (keep.version() != version) {
            version = keep.version();
            arrived.clear();
            fetching = false;
        }
        if (arrived.size() == donors.size()) {
            tell(new CoordinatorMessage.Kept(version));
        } else if (!fetching) {
            fetching = true;
            misses = 0;
            fetchLater();
        }
    }

    boolean serves(long of) {
        return stored.contains(of);
    }

    private void fetchLater() {
        long of = version;
        world.inFlight.add(() -> {
            if (alive() && fetching && version == of) {
                fetch();
            }
        });
    }

    private void fetch() {
        int stage = 0;
        while (arrived.contains(stage)) {
            stage++;
        }
        List<Member> from = donors.get(stage);
        if (!from.isEmpty() && world.serves(from.get(world.random.nextInt(from.size())), stage, version)) {
            arrived.add(stage);
            misses = 0;
        } else {
            misses++;
        }
        if (arrived.size() == donors.size()) {
            fetching = false;
            stored.add(version);
            tell(new CoordinatorMessage.Kept(version));
        } else if (misses > PATIENCE) {
            fetching = false;
            tell(new CoordinatorMessage.JoinFailed(seen(), version, true, "no donor is left"));
        } else {
            fetchLater();
        }
    }

    @Override
    boolean work() {
        return false;
    }
}
