package io.murmuration.cluster.membership;

import io.murmuration.cluster.membership.DowningRule.Decision;
import io.murmuration.cluster.membership.DowningView.Seat;
import io.murmuration.cluster.membership.DowningView.Standing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Nodes with links that carry or not, each direction for itself, and what Pekko's heartbeats and gossip tell each of them once
 * everything has settled: a heartbeat needs both directions; gossip needs one, is not sent to whom the sender misses and not
 * taken from whom the receiver misses.
 */
final class CutWorld {

    final int nodes;
    final int coordinators;
    private final boolean[][] cut;
    private final boolean[][] watches;

    /** Everybody watches everybody, and all links carry. The first so many nodes are coordinators, all are up. */
    CutWorld(int nodes, int coordinators) {
        this.nodes = nodes;
        this.coordinators = coordinators;
        cut = new boolean[nodes][nodes];
        watches = new boolean[nodes][nodes];
        for (boolean[] row : watches) {
            Arrays.fill(row, true);
        }
    }

    static Place place(int node) {
        return new Place(String.format("pekko://murmuration@n%02d:25520", node), 100 + node);
    }

    static SortedSet<Place> places(List<Integer> nodes) {
        SortedSet<Place> places = new TreeSet<>();
        nodes.forEach(node -> places.add(place(node)));
        return places;
    }

    int quorum() {
        return coordinators / 2 + 1;
    }

    /** Nothing goes from the first to the second any more. */
    CutWorld cut(int from, int to) {
        cut[from][to] = true;
        return this;
    }

    void cut(List<Integer> from, List<Integer> to) {
        from.forEach(one -> to.forEach(other -> cut(one, other)));
    }

    /** Each link is cut with that chance, in each direction for itself. */
    void cutAtRandom(Random random, double chance) {
        for (int from = 0; from < nodes; from++) {
            for (int to = 0; to < nodes; to++) {
                cut[from][to] |= from != to && random.nextDouble() < chance;
            }
        }
    }

    /** Some do not watch some others, or have not yet noticed. */
    void overlook(Random random, double chance) {
        for (boolean[] row : watches) {
            for (int to = 0; to < nodes; to++) {
                row[to] &= random.nextDouble() >= chance;
            }
        }
    }

    private boolean misses(int observer, int subject) {
        return observer != subject && watches[observer][subject] && (cut[observer][subject] || cut[subject][observer]);
    }

    private boolean gossips(int from, int to) {
        return from != to && !cut[from][to] && !misses(from, to) && !misses(to, from);
    }

    /** Whom news of a node reaches, by others too; with itself. */
    SortedSet<Integer> reachedFrom(int node) {
        SortedSet<Integer> reached = new TreeSet<>(List.of(node));
        List<Integer> next = new ArrayList<>(reached);
        while (!next.isEmpty()) {
            int from = next.removeLast();
            for (int to = 0; to < nodes; to++) {
                if (gossips(from, to) && reached.add(to)) {
                    next.add(to);
                }
            }
        }
        return reached;
    }

    /** Whom a node reaches and is reached by: who can have seen its gossip, to its knowledge. */
    List<Integer> inTouch(int node) {
        return reachedFrom(node).stream()
                .filter(other -> reachedFrom(other).contains(node))
                .toList();
    }

    /** All that a node may hear of who misses whom. */
    List<Accusation> heardBy(int node) {
        List<Accusation> heard = new ArrayList<>();
        for (int observer = 0; observer < nodes; observer++) {
            if (reachedFrom(observer).contains(node)) {
                for (int subject = 0; subject < nodes; subject++) {
                    if (misses(observer, subject)) {
                        heard.add(new Accusation(place(observer), place(subject)));
                    }
                }
            }
        }
        return heard;
    }

    SortedMap<Place, Seat> members() {
        SortedMap<Place, Seat> members = new TreeMap<>();
        for (int node = 0; node < nodes; node++) {
            members.put(place(node), new Seat(Standing.UP, node < coordinators));
        }
        return members;
    }

    /** What a node knows when everybody it is in touch with has seen its gossip. */
    DowningView view(int node) {
        return new DowningView(quorum(), members(), heardBy(node), places(inTouch(node)));
    }

    /** What it knows when only some have. */
    DowningView view(int node, Random random) {
        SortedSet<Place> here = new TreeSet<>(places(inTouch(node)));
        here.removeIf(other -> random.nextBoolean());
        here.add(place(node));
        return new DowningView(quorum(), members(), heardBy(node), here);
    }

    Decision decision(int node) {
        return DowningRule.decide(view(node));
    }
}
