package io.murmuration.faults.run;

import io.murmuration.cluster.compute.MemoryPlan;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.simulation.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** How full everything is that can be seen from outside: queues, windows, the event loop, modelled memory. */
final class Levels {

    /**
     * Events held for a frozen node, for each node there is: that one's control messages (1,024 under way at most), its
     * frames (16 unanswered for each of a few pairs of members), each of which a link may double, and its own timers.
     */
    static final long HELD_PER_NODE = 4096;

    /**
     * Events that wait in the loop, for each node there is: what {@link #HELD_PER_NODE} allows, and as many timers that were
     * cancelled and not cleared away.
     */
    static final long WAITING_PER_NODE = 2 * HELD_PER_NODE;

    private final SimulatedSwarm swarm;
    private final ModelledMemory memory;

    Levels(Scenario scenario, SimulatedSwarm swarm) {
        this.swarm = swarm;
        this.memory = new ModelledMemory(MemoryPlan.of(scenario.settings()), swarm::group);
    }

    ModelledMemory memory() {
        return memory;
    }

    List<Level> now() {
        Collection<String> nodes = swarm.machines().nodes();
        List<Level> levels = new ArrayList<>(swarm.network().levels());
        for (String node : nodes) {
            if (swarm.machines().paused(node)) {
                levels.add(new Level("events held for " + node, swarm.loop().held(node), HELD_PER_NODE * nodes.size()));
            }
        }
        levels.add(new Level("events waiting", swarm.loop().waiting(), WAITING_PER_NODE * nodes.size()));
        levels.addAll(memory.levels());
        return levels;
    }
}
