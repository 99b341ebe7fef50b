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
import java.util.Optional;
import java.util.TreeMap;

/** A keeper; what it keeps outlives it. */
final class ModelKeeper extends ModelPeer {

    private static final int PATIENCE = 20;

    /** What became of a version on disk: the digests of all stages, or damaged. */
    static final class Disk {
        private final Map<Long, Map<Integer, String>> versions = new TreeMap<>();
        private final Map<Long, Boolean> damaged = new TreeMap<>();
    }

    private final Disk disk;
    private long version = -1;
    private boolean kept;
    private List<List<Member>> donors = List.of();
    private final Map<Integer, String> arrived = new TreeMap<>();
    private boolean fetching;
    private int misses;

    ModelKeeper(RunModel world, Member self, Disk disk) {
        super(world, self);
        this.disk = disk;
    }

    @Override
    Role role() {
        return Role.KEEPER;
    }

    @Override
    Standing standing() {
        // Whoever asks may go on from an earlier version.
        version = -1;
        fetching = false;
        return new Standing.OfKeeper(disk.versions.keySet().stream()
                .filter(each -> !disk.damaged.getOrDefault(each, false))
                .toList());
    }

    @Override
    Epoch epoch(ControlMessage message) {
        return ((KeeperMessage.Keep) message).epoch();
    }

    @Override
    void obey(ControlMessage message) {
        KeeperMessage.Keep keep = (KeeperMessage.Keep) message;
        donors = keep.donors();
        if (keep.version() != version) {
            version = keep.version();
            kept = false;
            arrived.clear();
            fetching = false;
        }
        if (kept) {
            tell(new CoordinatorMessage.Kept(version));
        } else if (!fetching) {
            fetching = true;
            misses = 0;
            fetchLater();
        }
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
        while (arrived.containsKey(stage)) {
            stage++;
        }
        List<Member> from = donors.get(stage);
        Optional<String> served = from.isEmpty()
                ? Optional.empty()
                : world.serves(from.get(world.random.nextInt(from.size())), stage, version);
        misses = served.isPresent() ? 0 : misses + 1;
        if (served.isPresent()) {
            arrived.put(stage, served.get());
        }
        if (arrived.size() == donors.size()) {
            fetching = false;
            kept = true;
            disk.versions.put(version, Map.copyOf(arrived));
            disk.damaged.remove(version);
            tell(new CoordinatorMessage.Kept(version));
        } else if (misses > PATIENCE) {
            fetching = false;
            tell(new CoordinatorMessage.JoinFailed(seen(), version, true, "no donor is left"));
        } else {
            fetchLater();
        }
    }

    /** A stored stage; what is found to be damaged is reported, and never served again. */
    Optional<String> serves(int stage, long at) {
        if (!disk.versions.containsKey(at)) {
            return Optional.empty();
        }
        if (disk.damaged.computeIfAbsent(at, absent -> world.random.nextDouble() < world.faults.damage())) {
            tell(new CoordinatorMessage.Unsound(at, "as the model has it"));
            return Optional.empty();
        }
        return Optional.of(disk.versions.get(at).get(stage));
    }

    @Override
    boolean work() {
        return false;
    }

    @Override
    public String toString() {
        return self + " keeps " + disk.versions.keySet() + ", damaged " + disk.damaged;
    }
}
