package io.murmuration.faults.simulation.world;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.NodePath;
import io.murmuration.faults.simulation.world.KnownNode.Standing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Who is there, as a cluster with failure detection, gossip and static quorum would find out, with its delays. What is
 * true is known here; every node is told the difference to what it knows, later, and only while it is on the side with
 * the quorum. That somebody cannot be heard each node finds out by itself.
 *
 * <p>Evaluated when something changes, not by heartbeats: the cost of a change grows with the square of the number of
 * nodes, that of quiet time is nothing.
 *
 * <ul>
 *   <li>A node that {@link Machines#start starts} becomes a member {@code joinDelay} after it can reach the side with the
 *       quorum; its members are known to nobody before, and an earlier life of the node is removed with it.
 *   <li>A node that cannot be heard (dead, frozen, cut off in either direction) is unreachable for each of the others, and
 *       removed when the side with the quorum has missed it for {@code stableAfter} beyond detection, and the margin.
 *   <li>A removed life that can be heard again learns so: the listeners of {@link #onRemoved} are to end it. Until then it
 *       goes on with what it knew.
 *   <li>The oldest member node with a coordinator leads. A side without quorum removes nobody and elects nobody.
 * </ul>
 */
public final class SimulatedMembership {

    private final EventLoop loop;
    private final long seed;
    private final Machines machines;
    private final Network network;
    private final MembershipSettings settings;
    private final List<String> coordinators;
    private final List<KnownNode> nodes = new ArrayList<>();
    private final Map<String, KnownNode> byName = new LinkedHashMap<>();
    private final Map<String, SplittableRandom> gossip = new LinkedHashMap<>();
    private final List<BiConsumer<String, Long>> removedListeners = new ArrayList<>();

    /**
     * When each node will have found out that it cannot hear each other, by index; negative: when it will have found out
     * that it hears it again; 0: it has always heard it.
     */
    private final List<List<Long>> deafFrom = new ArrayList<>();

    private Sides sides = new Sides(List.of(), new boolean[0], new boolean[0][0], 0);
    private boolean looks;
    private long changes;
    private long ages;
    private Optional<Member> leader = Optional.empty();
    private Optional<Member> next = Optional.empty();
    private Optional<EventLoop.Event> handOver = Optional.empty();

    /** @param coordinators the nodes whose majority is the quorum, for the whole run */
    public SimulatedMembership(
            EventLoop loop,
            long seed,
            Machines machines,
            Network network,
            MembershipSettings settings,
            Collection<String> coordinators) {
        if (coordinators.isEmpty()) {
            throw new IllegalArgumentException("a quorum needs at least one node of a coordinator");
        }
        this.loop = loop;
        this.seed = seed;
        this.machines = machines;
        this.network = network;
        this.settings = settings;
        this.coordinators = List.copyOf(coordinators);
        machines.listen(new Watch());
        network.onReachability(this::lookSoon);
    }

    /** Calls {@code listener} with node and life when a running life learns that the others have removed it. */
    public void onRemoved(BiConsumer<String, Long> listener) {
        removedListeners.add(listener);
    }

    /** Membership as one life of a node sees it; when that is over it does nothing. */
    public Membership of(String name, long life) {
        return new Port(name, life);
    }

    /** A node that has handed over what it held goes: the others are told at once, and nobody takes it for dead. */
    public void leave(String name) {
        KnownNode node = node(name);
        if (node.isMember()) {
            remove(node, "left");
        }
        node.standing = Standing.ABSENT;
        lookSoon();
    }

    /** Who leads, as the side with the quorum has been or is being told. */
    public Optional<Member> leader() {
        return leader;
    }

    /** Nodes that are members now. */
    public List<String> members() {
        return nodes.stream().filter(KnownNode::isMember).map(node -> node.name).toList();
    }

    // ---- looking --------------------------------------------------------------------------------------------------

    /** Once for all that changes at one moment. */
    private void lookSoon() {
        if (!looks) {
            looks = true;
            loop.schedule(0, Source.world("membership/look"), () -> {
                looks = false;
                look();
            });
        }
    }

    private void look() {
        int count = nodes.size();
        boolean[] running = new boolean[count];
        for (KnownNode node : nodes) {
            running[node.index] =
                    machines.running(node.name) && (node.standing == Standing.JOINING || node.standing == Standing.UP);
        }
        boolean[][] cut = new boolean[count][count];
        for (Pair pair : network.cutPairs()) {
            KnownNode from = byName.get(pair.from());
            KnownNode to = byName.get(pair.to());
            if (from != null && to != null) {
                cut[from.index][to.index] = true;
                cut[to.index][from.index] = true;
            }
        }
        sides = new Sides(nodes, running, cut, coordinators.size());
        nodes.forEach(this::lookAround);
        nodes.forEach(this::lookAt);
        elect();
        spread();
    }

    /** What a node finds out by itself. */
    private void lookAround(KnownNode node) {
        if (!machines.running(node.name) || !node.isUp()) {
            return;
        }
        List<Long> deaf = deafFrom.get(node.index);
        SortedSet<Long> noticed = new TreeSet<>();
        boolean heardAgain = false;
        for (KnownNode other : nodes) {
            boolean hears = other == node
                    || !other.isMember()
                    || (other.memberLife == other.life && sides.hears(node.index, other.index));
            long from = deaf.get(other.index);
            if (!hears && from <= 0) {
                from = loop.now() + detection(node, other);
                noticed.add(from);
                deaf.set(other.index, from);
            } else if (hears && from > 0) {
                heardAgain = true;
                deaf.set(other.index, -loop.now() - settings.seenAgainAfter().toNanos());
            }
        }
        noticed.forEach(from -> news(node, from - loop.now()));
        if (heardAgain) {
            news(node, settings.seenAgainAfter().toNanos());
        }
    }

    /** Nanoseconds until {@code node} sees that {@code other} is gone. */
    private long detection(KnownNode node, KnownNode other) {
        boolean passes = network.passes(node.name, other.name) && network.passes(other.name, node.name);
        return (passes ? detection(other) : settings.unreachableAfter()).toNanos();
    }

    private Duration detection(KnownNode node) {
        return refuses(node) ? settings.refusedAfter() : settings.unreachableAfter();
    }

    private boolean refuses(KnownNode node) {
        return machines.hostUp(node.name) && !machines.lives(node.name, node.memberLife);
    }

    /** From the moment a node is missed until it is removed. */
    private Duration removal(KnownNode node) {
        Duration decided = detection(node).plus(settings.stableAfter()).plus(settings.removalMargin());
        return node.coordinator || !refuses(node)
                ? decided
                : settings.crashedAfter().orElse(decided);
    }

    /** What the side with the quorum makes of a node. */
    private void lookAt(KnownNode node) {
        boolean within = sides.within(node.index);
        if (node.standing == Standing.JOINING && within) {
            if (node.joining.isEmpty()) {
                node.joining = Optional.of(later("join", node, settings.joinDelay(), () -> {
                    node.joining = Optional.empty();
                    becomeMember(node);
                }));
            }
        } else {
            node.joining.ifPresent(EventLoop.Event::cancel);
            node.joining = Optional.empty();
        }
        if (!node.isMember() || (within && node.isUp())) {
            node.missingSince = -1;
            node.removal.ifPresent(EventLoop.Event::cancel);
            node.removal = Optional.empty();
        } else {
            miss(node);
        }
        if (node.standing == Standing.REMOVED && sides.touches(node.index, machines.running(node.name))) {
            if (node.verdict.isEmpty()) {
                node.verdict = Optional.of(later("removed", node, settings.seenAgainAfter(), () -> {
                    node.verdict = Optional.empty();
                    if (node.standing == Standing.REMOVED && machines.running(node.name)) {
                        removedListeners.forEach(listener -> listener.accept(node.name, node.life));
                    }
                }));
            }
        } else {
            node.verdict.ifPresent(EventLoop.Event::cancel);
            node.verdict = Optional.empty();
        }
    }

    private void miss(KnownNode node) {
        if (node.missingSince < 0) {
            node.missingSince = loop.now();
        }
        if (sides.quorum() && node.removal.isEmpty()) {
            Duration wait = removal(node);
            // A side that has just got its quorum back sees for itself before it decides.
            long due = Math.max(
                    node.missingSince + wait.toNanos(),
                    loop.now()
                            + (node.missingSince == loop.now()
                                    ? 0
                                    : settings.stableAfter().toNanos()));
            node.removal = Optional.of(later("remove", node, Duration.ofNanos(due - loop.now()), () -> {
                node.removal = Optional.empty();
                if (sides.quorum() && node.isMember() && node.missingSince >= 0) {
                    remove(
                            node,
                            "unreachable for "
                                    + Duration.ofNanos(loop.now() - node.missingSince)
                                            .toMillis() + " ms");
                }
            }));
        }
    }

    private EventLoop.Event later(String what, KnownNode node, Duration delay, Runnable action) {
        return loop.schedule(delay.toNanos(), Source.world("membership/" + what + "/" + node.name), action);
    }

    // ---- deciding -------------------------------------------------------------------------------------------------

    private void becomeMember(KnownNode node) {
        // That its earlier life could not be heard says nothing of this one.
        deafFrom.forEach(row -> row.set(node.index, 0L));
        node.becomesMember(++ages);
        node.missingSince = -1;
        changed(node);
        lookSoon();
    }

    private void remove(KnownNode node, String reason) {
        if (node.isUp()) {
            node.standing = machines.up(node.name) ? Standing.REMOVED : Standing.ABSENT;
        }
        node.allGone(reason);
        changed(node);
        lookSoon();
    }

    /** The oldest one leads; who is missing does until it is removed. */
    private void elect() {
        Optional<Member> oldest = nodes.stream()
                .filter(node -> node.coordinator
                        && node.isMember()
                        && node.coordinatorMember().isPresent())
                .min(Comparator.comparingLong(node -> node.age))
                .filter(node -> sides.within(node.index))
                .flatMap(KnownNode::coordinatorMember);
        if (oldest.equals(next)) {
            return;
        }
        next = oldest;
        handOver.ifPresent(EventLoop.Event::cancel);
        handOver = oldest.filter(member -> !leader.equals(Optional.of(member)))
                .map(member ->
                        loop.schedule(settings.handOver().toNanos(), Source.world("membership/leads/" + member), () -> {
                            handOver = Optional.empty();
                            leader = Optional.of(member);
                            changes++;
                            spread();
                        }));
    }

    // ---- telling ------------------------------------------------------------------------------------------------

    private void changed(KnownNode node) {
        node.version = ++changes;
        elect();
        spread();
    }

    /** Lets everybody know who can be told and does not know yet. */
    private void spread() {
        for (KnownNode node : nodes) {
            if (node.isUp() && sides.within(node.index) && node.view.seen != changes && !node.view.awaitsNews) {
                node.view.awaitsNews = true;
                news(node, 0);
            }
        }
    }

    private void news(KnownNode node, long after) {
        NodeView view = node.view;
        long delay = after + gossip.get(node.name).nextLong(settings.gossip().toNanos() + 1);
        loop.schedule(delay, new Source(node.name, node.life, "membership/news"), () -> tell(node, view));
    }

    private void tell(KnownNode node, NodeView view) {
        view.awaitsNews = false;
        boolean inTouch = node.isUp() && sides.within(node.index);
        if (inTouch && view.seen != changes) {
            view.seen = changes;
            nodes.forEach(view::learn);
        }
        List<Long> deaf = deafFrom.get(node.index);
        for (KnownNode other : nodes) {
            long from = deaf.get(other.index);
            if (loop.now() >= Math.abs(from)) {
                view.reach(other.name, from > 0);
            }
        }
        if (inTouch) {
            leader.ifPresent(view::leads);
        }
    }

    // ---- nodes --------------------------------------------------------------------------------------------------

    private KnownNode node(String name) {
        KnownNode node = byName.get(name);
        if (node == null) {
            throw new IllegalArgumentException("membership knows no node '" + name + "'");
        }
        return node;
    }

    private KnownNode added(String name) {
        KnownNode known = byName.get(name);
        if (known != null) {
            return known;
        }
        KnownNode node = new KnownNode(name, nodes.size(), coordinators.contains(name));
        nodes.add(node);
        byName.put(name, node);
        gossip.put(name, Chances.stream(seed, "gossip/" + name));
        deafFrom.add(new ArrayList<>());
        for (List<Long> row : deafFrom) {
            while (row.size() < nodes.size()) {
                row.add(0L);
            }
        }
        return node;
    }

    private final class Watch implements MachineListener {
        @Override
        public void started(String name, long life) {
            KnownNode node = added(name);
            node.life = life;
            node.standing = Standing.JOINING;
            node.hosted.clear();
            node.view = new NodeView();
            deafFrom.get(node.index).replaceAll(from -> 0L);
            lookSoon();
        }

        @Override
        public void stopped(String name, long life, Death death) {
            node(name).standing = Standing.ABSENT;
            lookSoon();
        }

        @Override
        public void paused(String name) {
            lookSoon();
        }

        @Override
        public void resumed(String name) {
            lookSoon();
        }
    }

    private final class Port implements Membership {
        private final String name;
        private final long life;

        private Port(String name, long life) {
            this.name = name;
            this.life = life;
        }

        private Optional<KnownNode> mine() {
            return machines.lives(name, life) ? Optional.of(node(name)) : Optional.empty();
        }

        @Override
        public void join(Member member, Role role) {
            NodePath.check(member, name, life);
            mine().ifPresent(node -> {
                node.hosted.put(member, role);
                if (node.isUp()) {
                    node.members.put(member, role);
                    changed(node);
                }
            });
        }

        @Override
        public void leave(Member member, String reason) {
            mine().ifPresent(node -> {
                node.hosted.remove(member);
                if (node.isUp() && node.members.remove(member) != null) {
                    node.gone(member, reason);
                    changed(node);
                }
            });
        }

        @Override
        public void subscribe(Member self, Consumer<Event> listener) {
            mine().ifPresent(node -> node.view.subscribe(self, listener));
        }

        @Override
        public void unsubscribe(Member self) {
            mine().ifPresent(node -> node.view.unsubscribe(self));
        }
    }
}
