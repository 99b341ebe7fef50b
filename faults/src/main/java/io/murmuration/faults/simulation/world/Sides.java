package io.murmuration.faults.simulation.world;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/**
 * Who can talk to whom, in both directions, and which side goes on: the one with a strict majority of the coordinators'
 * nodes, as many as the run began with (static quorum). Of nodes on that side that cannot talk to each other directly
 * though both talk to the others, as many are left out as it takes for all that remain to hear each other: who lacks most
 * first, then who is no coordinator, then the youngest. (Pekko's resolver would remove both ends of every such pair.)
 */
final class Sides {

    private final List<KnownNode> nodes;
    private final int coordinators;
    private final boolean[] running;
    private final boolean[][] cut;
    private final boolean[] within;

    /**
     * @param running by index: neither dead, frozen nor removed
     * @param cut by indices: at least one direction is cut; symmetric
     * @param coordinators nodes of coordinators that the run began with
     */
    Sides(List<KnownNode> nodes, boolean[] running, boolean[][] cut, int coordinators) {
        this.nodes = nodes;
        this.running = running;
        this.cut = cut;
        this.coordinators = coordinators;
        this.within = new boolean[nodes.size()];
        findQuorum();
        leaveOutTheDeaf();
    }

    boolean hears(int one, int other) {
        return running[one] && running[other] && !cut[one][other];
    }

    /** Whether some side has the quorum. */
    boolean quorum() {
        for (boolean each : within) {
            if (each) {
                return true;
            }
        }
        return false;
    }

    /** Whether a node is on the side that goes on. */
    boolean within(int index) {
        return index < within.length && within[index];
    }

    /** Whether a node that may not be on that side can talk to somebody there. */
    boolean touches(int index, boolean alive) {
        for (int other = 0; other < within.length; other++) {
            if (alive && within[other] && other != index && !cut[index][other]) {
                return true;
            }
        }
        return false;
    }

    private void findQuorum() {
        boolean[] seen = new boolean[nodes.size()];
        for (int start = 0; start < nodes.size(); start++) {
            if (running[start] && !seen[start]) {
                boolean[] side = sideOf(start, seen);
                if (hasQuorum(side)) {
                    System.arraycopy(side, 0, within, 0, side.length);
                    return;
                }
            }
        }
    }

    private boolean[] sideOf(int start, boolean[] seen) {
        boolean[] side = new boolean[nodes.size()];
        Deque<Integer> next = new ArrayDeque<>(List.of(start));
        seen[start] = true;
        while (!next.isEmpty()) {
            int one = next.remove();
            side[one] = true;
            for (int other = 0; other < side.length; other++) {
                if (!seen[other] && hears(one, other)) {
                    seen[other] = true;
                    next.add(other);
                }
            }
        }
        return side;
    }

    private boolean hasQuorum(boolean[] side) {
        long there = nodes.stream()
                .filter(node -> node.coordinator && side[node.index])
                .count();
        return there > coordinators / 2;
    }

    private void leaveOutTheDeaf() {
        boolean[] kept = new boolean[nodes.size()];
        while (true) {
            int[] lacks = lacks();
            KnownNode worst = nodes.stream()
                    .filter(node -> lacks[node.index] > 0 && !kept[node.index])
                    .max(Comparator.<KnownNode>comparingInt(node -> lacks[node.index])
                            .thenComparing(node -> !node.coordinator)
                            .thenComparingLong(node -> node.age)
                            .thenComparingInt(node -> node.index))
                    .orElse(null);
            if (worst == null) {
                return;
            }
            within[worst.index] = false;
            if (!hasQuorum(within)) {
                within[worst.index] = true;
                kept[worst.index] = true;
            }
        }
    }

    /** How many of its own side each node cannot talk to. */
    private int[] lacks() {
        int[] lacks = new int[nodes.size()];
        for (int one = 0; one < lacks.length; one++) {
            for (int other = 0; within[one] && other < lacks.length; other++) {
                lacks[one] += within[other] && cut[one][other] ? 1 : 0;
            }
        }
        return lacks;
    }
}
