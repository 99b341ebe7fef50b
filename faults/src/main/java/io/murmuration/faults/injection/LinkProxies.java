package io.murmuration.faults.injection;

import io.murmuration.faults.simulation.world.Block;
import io.murmuration.faults.simulation.world.Healing;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Loss;
import io.murmuration.faults.simulation.world.Pair;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Proxies between the nodes of a cluster, one for every ordered pair and plane, in this process and without any rights: what
 * one node sends another takes as long, comes as fast and is cut as the link between them says, and all of it may change
 * while it runs. Every direction between two nodes is one line, which the connections that either has opened share.
 *
 * <p>One thread serves all of them. All methods are thread-safe.
 *
 * <p>What a proxy above the kernel cannot do: it does not see packets, so nothing of a stream is lost, doubled, overtaken or
 * damaged, and who connects has a local connection before the far end has answered (no byte passes before it has).
 */
public final class LinkProxies implements AutoCloseable {

    /** A line's queue holds what it sends in this time, within the bounds below: some routers hold more, most less. */
    private static final double QUEUE_SECONDS = 0.02;

    private static final long LEAST_QUEUE = 16 * 1024;
    private static final long MOST_QUEUE = 1024 * 1024;

    /** What a node's port is for. */
    public enum Plane {
        CONTROL,
        DATA
    }

    /**
     * Bytes that have arrived from one node at another.
     *
     * @param control bytes of the control plane
     * @param data bytes of the data plane
     */
    public record Bytes(String from, String to, long control, long data) {}

    private final ProxyLoop loop = new ProxyLoop();
    private final long seed;
    private final Map<Pair, Direction> directions = new LinkedHashMap<>();
    private final Map<Pair, long[]> counts = new LinkedHashMap<>();
    private final List<Doorway> doorways = new ArrayList<>();
    private final Set<String> shut = new LinkedHashSet<>();
    private final List<Healing> faults = new ArrayList<>();

    private LinkProxies(long seed) {
        this.seed = seed;
    }

    /** @param seed of the chance of jitter */
    public static LinkProxies start(long seed) {
        LinkProxies proxies = new LinkProxies(seed);
        proxies.loop.start();
        return proxies;
    }

    /** A direction as {@code model} says, with a queue of the usual size: what the line sends in 20 ms. */
    public void link(Pair pair, LinkModel model) {
        link(pair, model, queue(model));
    }

    /**
     * A direction between two nodes. Both directions of a pair have to be known before there is a proxy.
     *
     * @param queue bytes that may wait for the line; who sends more has to wait himself
     * @throws IllegalArgumentException if the model has what a stream cannot have
     */
    public void link(Pair pair, LinkModel model, long queue) {
        requirePossible(model);
        run(() -> directions.put(
                pair,
                new Direction(
                        loop,
                        pair,
                        model,
                        queue,
                        new SplittableRandom(seed ^ ((long) pair.hashCode() << Integer.SIZE)))));
    }

    private static long queue(LinkModel model) {
        return model.rate().limited()
                ? (long) Math.clamp(model.rate().bitsPerSecond() / Byte.SIZE * QUEUE_SECONDS, LEAST_QUEUE, MOST_QUEUE)
                : MOST_QUEUE;
    }

    private static void requirePossible(LinkModel model) {
        if (!(model.loss() instanceof Loss.None)
                || model.corrupt() != 0
                || model.duplicate() != 0
                || model.reorder() != 0) {
            throw new IllegalArgumentException(
                    "a proxy passes streams on: it loses, damages, doubles and reorders nothing," + " but was given "
                            + model);
        }
    }

    /**
     * Listens for connections that {@code pair.from()} opens to {@code pair.to()}.
     *
     * @param at where it finds its peer; port 0: a free one
     * @param target where the peer is
     * @return where it listens
     * @throws UncheckedIOException if it cannot listen there
     */
    public InetSocketAddress proxy(Pair pair, Plane plane, InetSocketAddress at, InetSocketAddress target) {
        return ask(() -> {
            Pair other = new Pair(pair.to(), pair.from());
            Direction there = known(pair);
            Direction back = known(other);
            long[] onward = counts.computeIfAbsent(pair, absent -> new long[Plane.values().length]);
            long[] returning = counts.computeIfAbsent(other, absent -> new long[Plane.values().length]);
            Doorway doorway = new Doorway(loop, at, target, there, back, new Relay.ByteCount() {
                @Override
                public void there(int bytes) {
                    onward[plane.ordinal()] += bytes;
                }

                @Override
                public void back(int bytes) {
                    returning[plane.ordinal()] += bytes;
                }
            });
            doorways.add(doorway);
            doorway.answering(!shut.contains(pair.to()));
            return doorway.address();
        });
    }

    private Direction known(Pair pair) {
        Direction direction = directions.get(pair);
        if (direction == null) {
            throw new IllegalArgumentException("no link leads from " + pair.from() + " to " + pair.to());
        }
        return direction;
    }

    /** Whether anybody listens at the ports of {@code node}: where nobody does, connections to it are refused. */
    public void listening(String node, boolean listens) {
        run(() -> {
            if (listens) {
                shut.remove(node);
            } else {
                shut.add(node);
            }
            doorways.stream()
                    .filter(doorway -> doorway.to().equals(node))
                    .forEach(doorway -> doorway.answering(listens));
        });
    }

    /** Changes directions until it is healed. Several changes hold one after the other. */
    public Healing change(Collection<Pair> pairs, UnaryOperator<LinkModel> change) {
        return ask(() -> {
            // Of its own, so that the same change twice is taken back once.
            UnaryOperator<LinkModel> own = model -> {
                LinkModel changed = change.apply(model);
                requirePossible(changed);
                return changed;
            };
            List<Direction> changed = pairs.stream().map(this::known).toList();
            changed.forEach(direction -> direction.change(own));
            return fault(() -> changed.forEach(direction -> direction.unchange(own)));
        });
    }

    /** Cuts directions until it is healed. */
    public Healing cut(Collection<Pair> pairs, Block block) {
        return ask(() -> {
            List<Direction> cut = pairs.stream().map(this::known).toList();
            cut.forEach(direction -> direction.block(block));
            doorways.forEach(Doorway::look);
            return fault(() -> {
                cut.forEach(direction -> direction.unblock(block));
                doorways.forEach(Doorway::look);
            });
        });
    }

    /** Breaks the connections of these directions, once. */
    public void reset(Collection<Pair> pairs) {
        run(() -> pairs.forEach(pair -> List.copyOf(known(pair).relays()).forEach(Relay::reset)));
    }

    private Healing fault(Runnable undo) {
        Healing healing = new Healing() {
            private boolean healed;

            @Override
            public void heal() {
                run(() -> {
                    if (!healed) {
                        healed = true;
                        faults.remove(this);
                        undo.run();
                    }
                });
            }
        };
        faults.add(healing);
        return healing;
    }

    /** Ends every fault in force. */
    public void healAll() {
        ask(() -> List.copyOf(faults)).forEach(Healing::heal);
    }

    /** What has arrived so far, by direction. */
    public List<Bytes> counts() {
        return ask(() -> counts.entrySet().stream()
                .map(entry -> new Bytes(
                        entry.getKey().from(),
                        entry.getKey().to(),
                        entry.getValue()[Plane.CONTROL.ordinal()],
                        entry.getValue()[Plane.DATA.ordinal()]))
                .toList());
    }

    private void run(Runnable task) {
        ask(() -> {
            task.run();
            return true;
        });
    }

    private <T> T ask(Supplier<T> task) {
        return loop.call(task);
    }

    @Override
    public void close() {
        loop.close();
    }
}
