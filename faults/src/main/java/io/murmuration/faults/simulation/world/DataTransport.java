package io.murmuration.faults.simulation.world;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.Level;
import io.murmuration.faults.simulation.NodePath;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/** All data connections, and who receives. */
final class DataTransport {

    private final Links links;
    private final ToLongFunction<DataFrame> frameSizes;
    private final Map<Member, Consumer<DataPlane.Delivery>> inboxes = new LinkedHashMap<>();
    private final Map<DataConnection.Key, DataConnection> connections = new LinkedHashMap<>();
    private final Set<DataConnection.Key> reconnecting = new LinkedHashSet<>();

    DataTransport(Links links, ToLongFunction<DataFrame> frameSizes) {
        this.links = links;
        this.frameSizes = frameSizes;
    }

    void attach(Member self, Consumer<DataPlane.Delivery> inbox) {
        inboxes.put(self, inbox);
    }

    void detach(Member self) {
        if (inboxes.remove(self) != null) {
            close(connection -> connection.key().from().equals(self));
            sayGone(connection -> connection.key().to().equals(self), self + " is gone");
            reconnecting.removeIf(key -> key.from().equals(self) || key.to().equals(self));
        }
    }

    Optional<Consumer<DataPlane.Delivery>> inbox(Member member) {
        return Optional.ofNullable(inboxes.get(member));
    }

    void levels(List<Level> levels) {
        connections.values().forEach(connection -> connection.levels(levels));
    }

    // ---- offers -------------------------------------------------------------------------------------------------

    void offer(String node, long life, DataFrame frame, Consumer<DataPlane.Outcome> done) {
        Member to = frame.route().to();
        String toNode = NodePath.node(to);
        Source sender = new Source(node, life, "outcome/" + to);
        if (!links.machines().exists(toNode)) {
            fail(sender, links.localDelay(), to + " is on no node", done);
            return;
        }
        Link forward = links.link(node, toNode);
        Link back = links.link(toNode, node);
        boolean silent = forward.silent() || back.silent() || !links.machines().hostUp(toNode);
        if (!silent && (forward.block().isPresent() || back.block().isPresent())) {
            boolean atOnce = forward.blocks(Block.REJECT) || back.blocks(Block.REJECT);
            long after = atOnce ? links.localDelay() : links.roundTrip(node, toNode);
            forward.lane(TrafficClass.of(frame.traffic())).dropped++;
            fail(sender, after, "the connection to " + to + (atOnce ? " was rejected" : " was reset"), done);
        } else if (!silent && !links.machines().lives(toNode, NodePath.life(to))) {
            fail(sender, links.roundTrip(node, toNode), to + " is not there", done);
        } else {
            DataConnection.Key key = new DataConnection.Key(frame.route().from(), to, TrafficClass.of(frame.traffic()));
            DataConnection connection = connections.get(key);
            if (connection == null) {
                connection = connect(key);
                connections.put(key, connection);
            }
            connection.offer(frame, frameSizes.applyAsLong(frame), done);
        }
    }

    /** Connections are there from the start; one that broke takes a round trip to make again. */
    private DataConnection connect(DataConnection.Key key) {
        long again = reconnecting.remove(key) ? links.roundTrip(NodePath.node(key.from()), NodePath.node(key.to())) : 0;
        return new DataConnection(links, this, key, links.loop().now() + again);
    }

    private void fail(Source sender, long delay, String reason, Consumer<DataPlane.Outcome> done) {
        links.loop().schedule(delay, sender, () -> done.accept(new DataPlane.Failed(reason)));
    }

    // ---- ends ---------------------------------------------------------------------------------------------------

    void broken(DataConnection connection) {
        if (connections.remove(connection.key(), connection)) {
            reconnecting.add(connection.key());
        }
    }

    /** Some directions take and do not deliver from now on. */
    void interrupted() {
        List.copyOf(connections.values()).forEach(DataConnection::interrupted);
    }

    /** Breaks all connections over these links at once. */
    void breakAll(Set<Link> over, String verb) {
        List.copyOf(connections.values()).stream()
                .filter(connection -> connection.uses(over))
                .forEach(connection -> connection.breakNow(
                        "the connection to " + connection.key().to() + " was " + verb, links.localDelay()));
    }

    void started(String node) {
        // A new kernel knows no connection of an old life and says so.
        sayGone(connection -> connection.isTo(node), node + " has begun a new life");
        reconnecting.removeIf(key -> NodePath.node(key.to()).equals(node));
    }

    void stopped(String node, Death death) {
        inboxes.keySet().removeIf(member -> NodePath.node(member).equals(node));
        close(connection -> connection.isFrom(node));
        reconnecting.removeIf(key -> NodePath.node(key.from()).equals(node)
                || NodePath.node(key.to()).equals(node));
        switch (death) {
            case PROCESS -> sayGone(connection -> connection.isTo(node), node + " is gone");
            case HOST ->
                connections.values().stream()
                        .filter(connection -> connection.isTo(node))
                        .forEach(DataConnection::doomed);
        }
    }

    void resumed(String node) {
        List.copyOf(connections.values()).stream()
                .filter(connection -> connection.isFrom(node))
                .forEach(DataConnection::pump);
    }

    private void close(Predicate<DataConnection> which) {
        connections.values().removeIf(connection -> {
            boolean closes = which.test(connection);
            if (closes) {
                connection.close();
            }
            return closes;
        });
    }

    /** The receiver's side says that it is gone, if it can be heard, which takes the way back. */
    private void sayGone(Predicate<DataConnection> which, String reason) {
        List.copyOf(connections.values()).stream().filter(which).forEach(connection -> {
            if (connection.back().silent()) {
                connection.doomed();
            } else {
                connection.breakNow(reason, links.latency(connection.back()));
            }
        });
    }
}
