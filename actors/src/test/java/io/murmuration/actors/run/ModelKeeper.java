package io.murmuration.actors.run;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Standing;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A keeper; what it keeps outlives it. */
final class ModelKeeper extends ModelPeer {

    /** Digests of all stages by version. */
    private final Map<Long, Map<Integer, String>> disk;

    private long version = -1;
    private List<Member> donors = List.of();
    private final Map<Integer, String> arrived = new TreeMap<>();

    ModelKeeper(RunModel world, Member self, Map<Long, Map<Integer, String>> disk) {
        super(world, self);
        this.disk = disk;
    }

    @Override
    Role role() {
        return Role.KEEPER;
    }

    @Override
    Standing standing() {
        return new Standing.OfKeeper(List.copyOf(disk.keySet()));
    }

    @Override
    Epoch epoch(ControlMessage message) {
        return ((KeeperMessage.Keep) message).epoch();
    }

    @Override
    void obey(ControlMessage message) {
        KeeperMessage.Keep keep = (KeeperMessage.Keep) message;
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

    void snapshot(Member donor, int stage, long at, String digest) {
        if (at == version && donors.contains(donor)) {
            arrived.put(stage, digest);
            answer();
        }
    }

    private void answer() {
        if (arrived.size() == donors.size()) {
            disk.put(version, Map.copyOf(arrived));
            tell(new CoordinatorMessage.Kept(version));
        }
    }

    /** Serves a stored stage, if it has it. */
    void serve(ModelShard receiver, int stage, long at) {
        if (disk.containsKey(at)) {
            receiver.restored(stage, at, disk.get(at).get(stage));
        }
    }

    @Override
    boolean work() {
        return false;
    }

    @Override
    public String toString() {
        return self + " keeps " + disk.keySet();
    }
}
