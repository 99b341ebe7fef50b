package io.murmuration.faults.check;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import java.util.Map;
import java.util.TreeMap;

/**
 * No gradient is computed with a version that is further behind its step than the run allows. It believes no shard: it follows
 * the compute port, where the updates come by that make the version of a replica.
 */
public final class BoundedStaleness extends Check {

    private final int bound;
    /** Of those that have built or made one under these eyes. */
    private final Map<Member, Long> versions = new TreeMap<>();

    /** @param bound most versions; 0 in a synchronous run */
    public BoundedStaleness(int bound) {
        super("staleness is bounded");
        this.bound = bound;
    }

    @Override
    public void computed(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {
        if (!(outcome instanceof Compute.Completed<?>)) {
            return;
        }
        switch (task) {
            case Compute.Apply apply -> versions.put(owner, apply.step() + 1);
            case Compute.Forward forward -> look(time, owner, forward.id());
            case Compute.Loss loss -> look(time, owner, loss.id());
            default -> {}
        }
    }

    @Override
    public void ended(long time, Member member) {
        versions.remove(member);
    }

    private void look(long time, Member owner, MicrobatchId id) {
        Long version = versions.get(owner);
        if (version != null && id.purpose() == Purpose.TRAIN && id.step() - version > bound) {
            violated(
                    time,
                    owner + " computed microbatch " + id + " with version " + version + ", more than " + bound
                            + " behind");
        }
    }
}
