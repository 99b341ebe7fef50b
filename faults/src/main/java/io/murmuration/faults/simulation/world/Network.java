package io.murmuration.faults.simulation.world;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.Level;
import io.murmuration.faults.simulation.NodePath;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;

/**
 * The network between the nodes, message by message. Every ordered pair of nodes has a {@link LinkModel} and may be cut
 * ({@link Block}); every node may have a limited access of its own; transmissions share what they pass. Control messages
 * travel as the bytes of the real codec.
 *
 * <p>Faults: {@link #change} alters links and {@link #cut} cuts them until the {@link Healing} they return is called;
 * {@link #reset} breaks their connections once.
 */
public final class Network {

    private final Links links;
    private final DataTransport data;
    private final ControlTransport control;
    private final List<Runnable> reachability = new ArrayList<>();
    private final Set<Healing> faults = new LinkedHashSet<>();
    private final Set<Link> cutLinks = new LinkedHashSet<>();

    /** @param frameSizes bytes of a frame on the wire */
    public Network(
            EventLoop loop,
            long seed,
            Machines machines,
            LinkModels models,
            NetworkSettings settings,
            ToLongFunction<DataFrame> frameSizes) {
        this.links = new Links(loop, seed, machines, models, settings);
        this.data = new DataTransport(links, frameSizes);
        this.control = new ControlTransport(links);
        machines.listen(new Deaths());
    }

    // ---- ports --------------------------------------------------------------------------------------------------

    /** The data plane as one life of a node sees it; when that is over it does nothing. */
    public DataPlane dataOf(String node, long life) {
        return new DataPlane() {
            @Override
            public void attach(Member self, Consumer<Delivery> inbox) {
                NodePath.check(self, node, life);
                if (lives()) {
                    data.attach(self, inbox);
                }
            }

            @Override
            public void detach(Member self) {
                if (lives()) {
                    data.detach(self);
                }
            }

            @Override
            public void offer(DataFrame frame, Consumer<Outcome> done) {
                if (lives()) {
                    data.offer(node, life, frame, done);
                }
            }

            private boolean lives() {
                return links.machines().lives(node, life);
            }
        };
    }

    /** The control plane as one life of a node sees it; when that is over it does nothing. */
    public ControlPlane controlOf(String node, long life) {
        return new ControlPlane() {
            @Override
            public void attach(Member self, Consumer<Envelope> inbox) {
                NodePath.check(self, node, life);
                if (lives()) {
                    control.attach(self, inbox);
                }
            }

            @Override
            public void detach(Member self) {
                if (lives()) {
                    control.detach(self);
                }
            }

            @Override
            public void send(Envelope envelope) {
                if (lives()) {
                    control.send(node, envelope);
                }
            }

            private boolean lives() {
                return links.machines().lives(node, life);
            }
        };
    }

    // ---- what is done to it ---------------------------------------------------------------------------------------

    /** What all that {@code node} sends to others shares. */
    public void uplink(String node, Rate rate) {
        links.uplink(node, rate);
    }

    /** What all that others send to {@code node} shares. */
    public void downlink(String node, Rate rate) {
        links.downlink(node, rate);
    }

    /** Alters links; later changes are applied to what earlier ones make of them. What is on the way is not touched. */
    public Healing change(Collection<Pair> pairs, UnaryOperator<LinkModel> change) {
        // An object of its own, so that the same change may be in force twice.
        UnaryOperator<LinkModel> own = change::apply;
        List<Link> changed = pairs.stream().distinct().map(links::link).toList();
        changed.forEach(link -> links.alter(link, each -> each.change(own)));
        return fault(() -> changed.forEach(link -> links.alter(link, each -> each.undo(own))));
    }

    /** Cuts directions until healed. What else cuts them stays in force. */
    public Healing cut(Collection<Pair> pairs, Block block) {
        Set<Link> cut = new LinkedHashSet<>();
        pairs.forEach(pair -> cut.add(links.link(pair)));
        cut.forEach(link -> link.cut(block));
        cutLinks.addAll(cut);
        switch (block) {
            case DROP, BLACK_HOLE -> data.interrupted();
            case REJECT -> breakAll(cut, "rejected");
            case RESET -> breakAll(cut, "reset");
        }
        reachability.forEach(Runnable::run);
        return fault(() -> {
            cut.forEach(link -> link.mend(block));
            cutLinks.removeIf(link -> link.block().isEmpty());
            reachability.forEach(Runnable::run);
        });
    }

    /** Breaks every connection of these directions once; the next attempts work, after a round trip. */
    public void reset(Collection<Pair> pairs) {
        Set<Link> broken = new LinkedHashSet<>();
        pairs.forEach(pair -> broken.add(links.link(pair)));
        breakAll(broken, "reset");
    }

    private void breakAll(Set<Link> over, String verb) {
        data.breakAll(over, verb);
        control.breakAll(over);
    }

    /** All directions between two sides, from the first to the second and back. */
    public static List<Pair> between(Collection<String> first, Collection<String> second) {
        List<Pair> pairs = new ArrayList<>(oneWay(first, second));
        pairs.addAll(oneWay(second, first));
        return pairs;
    }

    /** All directions from one side to the other. */
    public static List<Pair> oneWay(Collection<String> from, Collection<String> to) {
        List<Pair> pairs = new ArrayList<>();
        from.forEach(each ->
                to.stream().filter(other -> !other.equals(each)).forEach(other -> pairs.add(new Pair(each, other))));
        return pairs;
    }

    /** Ends every fault in force. */
    public void healAll() {
        List.copyOf(faults).forEach(Healing::heal);
    }

    private Healing fault(Runnable undo) {
        Healing healing = new Healing() {
            @Override
            public void heal() {
                if (faults.remove(this)) {
                    undo.run();
                }
            }
        };
        faults.add(healing);
        return healing;
    }

    // ---- what is ------------------------------------------------------------------------------------------------

    /** Whether nothing cuts the direction. */
    public boolean passes(String from, String to) {
        return from.equals(to)
                || links.known(new Pair(from, to)).flatMap(Link::block).isEmpty();
    }

    /** Every direction that is cut. */
    List<Pair> cutPairs() {
        return cutLinks.stream().map(link -> new Pair(link.from(), link.to())).toList();
    }

    /** Calls {@code changed} whenever a direction is cut or healed. */
    void onReachability(Runnable changed) {
        reachability.add(changed);
    }

    /** Every direction and class that carried something, by name and class. */
    public List<LinkCount> counts() {
        Map<String, LinkCount> sorted = new TreeMap<>();
        for (Link link : links.all()) {
            link.lanes()
                    .forEach((traffic, lane) -> sorted.put(
                            link.from() + " " + link.to() + " " + traffic.ordinal(),
                            lane.counts(link.from(), link.to(), traffic)));
        }
        return List.copyOf(sorted.values());
    }

    /** Control messages each node has sent, to itself included. */
    public Map<String, Long> controlSent() {
        return control.sent();
    }

    /** How full the queues and windows of all connections are. */
    public List<Level> levels() {
        List<Level> levels = new ArrayList<>();
        data.levels(levels);
        control.levels(levels);
        return levels;
    }

    private final class Deaths implements MachineListener {
        @Override
        public void started(String node, long life) {
            data.started(node);
            control.started(node);
        }

        @Override
        public void stopped(String node, long life, Death death) {
            data.stopped(node, death);
            control.stopped(node, death);
        }

        @Override
        public void resumed(String node) {
            data.resumed(node);
        }
    }
}
