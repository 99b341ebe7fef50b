package io.murmuration.faults.check;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Roster;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * When a step is opened, all replicas of a stage in its roster hold the same bits: parameters and optimiser state. The
 * digests are those that the compute port gave, not those that a shard reported.
 */
public final class ReplicaDigests extends Check {

    private final Map<Member, String> digests = new TreeMap<>();
    private final Set<Member> gone = new TreeSet<>();
    private Epoch seen = Epoch.NONE;
    private long step = -1;

    public ReplicaDigests() {
        super("replicas agree");
    }

    @Override
    public void computed(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {
        boolean digest =
                task instanceof Compute.Apply || task instanceof Compute.StateDigest || task instanceof Compute.Redo;
        if (digest && outcome instanceof Compute.Completed<?>(String computed)) {
            digests.put(owner, computed);
        }
    }

    @Override
    public void sent(long time, Envelope envelope) {
        if (envelope.message() instanceof MemberMessage.OpenStep open
                && !open.begun()
                && (open.step() != step || !open.roster().epoch().equals(seen))) {
            seen = open.roster().epoch();
            step = open.step();
            compare(time, open.roster());
        }
    }

    private void compare(long time, Roster roster) {
        for (int stage = 0; stage < roster.stages().size(); stage++) {
            Map<String, Member> distinct = new TreeMap<>();
            // Who has died holds nothing, and the coordinator will find out.
            for (Member member : roster.stage(stage).stream()
                    .filter(each -> !gone.contains(each))
                    .toList()) {
                distinct.putIfAbsent(digests.getOrDefault(member, "nothing"), member);
            }
            if (distinct.size() > 1) {
                violated(time, "step " + step + " begins, and in stage " + stage + " " + distinct);
            }
        }
    }

    @Override
    public void ended(long time, Member member) {
        digests.remove(member);
        gone.add(member);
    }
}
