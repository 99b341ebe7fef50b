package io.murmuration.faults.run;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.cluster.compute.MemoryPlan;
import io.murmuration.faults.check.Observer;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.simulation.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * What the tensors of the nodes take, by what was opened and copied there: the arithmetic of {@code train --dry-run}. Frames
 * under way are bounded by the links' queues and not part of it.
 */
final class ModelledMemory implements Observer {

    private final MemoryPlan plan;
    private final Function<String, NodeGroup> groups;
    private final Map<PeerId, Integer> opened = new TreeMap<>();
    private final Set<PeerId> pinned = new TreeSet<>();

    /** @param groups of each node */
    ModelledMemory(MemoryPlan plan, Function<String, NodeGroup> groups) {
        this.plan = plan;
        this.groups = groups;
    }

    @Override
    public void computed(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {
        switch (task) {
            case Compute.Open open -> {
                opened.put(owner.peer(), open.stage());
                pinned.remove(owner.peer());
            }
            case Compute.Pin pin -> pinned.add(owner.peer());
            case Compute.Unpin unpin -> pinned.remove(owner.peer());
            default -> {}
        }
    }

    /** The node is gone, and its memory with it. */
    void gone(String node) {
        opened.keySet().removeIf(peer -> RunTracker.nodeOf(peer).equals(node));
        pinned.removeIf(peer -> RunTracker.nodeOf(peer).equals(node));
    }

    /** Of every node that holds something and whose memory is limited. */
    List<Level> levels() {
        Map<String, Long> bytes = new TreeMap<>();
        opened.forEach((peer, stage) -> {
            MemoryPlan.StageMemory memory = plan.stages().get(stage);
            bytes.merge(
                    RunTracker.nodeOf(peer),
                    memory.shard() + (pinned.contains(peer) ? memory.snapshot() : 0),
                    Long::sum);
        });
        List<Level> levels = new ArrayList<>();
        bytes.forEach((node, taken) -> {
            long limit = groups.apply(node).memory();
            if (limit > 0) {
                levels.add(new Level("bytes of tensors at " + node, taken, limit));
            }
        });
        return levels;
    }
}
