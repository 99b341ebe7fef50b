package io.murmuration.faults.check;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * When a step is opened, all replicas of a stage in its roster hold the same bits: parameters and optimiser state. So do
 * those of the last committed step, after which none is opened, but for whom the run itself has found to differ. The digests
 * are those that the compute port gave, not those that a shard reported.
 */
public final class ReplicaDigests extends Check {

    private final Map<Member, String> digests = new TreeMap<>();
    private final Set<Member> gone = new TreeSet<>();
    private Epoch seen = Epoch.NONE;
    private long step = -1;

    /** What each stage of the last committed step held then; empty once the next step is opened. */
    private final List<Map<Member, String>> last = new ArrayList<>();

    private long lastCommitted = -1;

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
            last.clear();
            compare(time, open.roster());
        }
    }

    @Override
    public void told(long time, RunEvent event) {
        switch (event) {
            case RunEvent.StepCommitted committed -> {
                last.clear();
                lastCommitted = committed.step();
                committed.roster().stages().forEach(members -> last.add(known(members)));
            }
            case RunEvent.Lost(Member member, String reason) -> last.forEach(stage -> stage.remove(member));
            case RunEvent.RolledBack back -> last.clear();
            default -> {}
        }
    }

    private Map<Member, String> known(List<Member> members) {
        Map<Member, String> known = new TreeMap<>();
        members.stream().filter(digests::containsKey).forEach(member -> known.put(member, digests.get(member)));
        return known;
    }

    @Override
    public void over(long time) {
        for (int stage = 0; stage < last.size(); stage++) {
            if (Set.copyOf(last.get(stage).values()).size() > 1) {
                violated(time, "step " + lastCommitted + " is the last, and in stage " + stage + " " + last.get(stage));
            }
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
