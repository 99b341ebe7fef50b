package io.murmuration.faults.simulation.world;

import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.serialization.ControlCodec;
import io.murmuration.faults.simulation.Level;
import io.murmuration.faults.simulation.NodePath;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** All connections of control messages, and who receives. */
final class ControlTransport {

    private final Links links;
    private final ControlCodec codec = new ControlCodec();
    private final Map<Member, Consumer<Envelope>> inboxes = new LinkedHashMap<>();
    private final Map<Link, ControlConnection> connections = new LinkedHashMap<>();
    private final Map<String, Long> sent = new TreeMap<>();

    ControlTransport(Links links) {
        this.links = links;
    }

    void attach(Member self, Consumer<Envelope> inbox) {
        inboxes.put(self, inbox);
    }

    void detach(Member self) {
        inboxes.remove(self);
    }

    Map<String, Long> sent() {
        return new TreeMap<>(sent);
    }

    void levels(List<Level> levels) {
        connections.values().forEach(connection -> levels.add(connection.level()));
    }

    void send(String node, Envelope envelope) {
        byte[] bytes = codec.encode(envelope);
        sent.merge(node, 1L, Long::sum);
        String toNode = NodePath.node(envelope.to());
        if (!links.machines().exists(toNode)) {
            return;
        }
        Link forward = links.link(node, toNode);
        Link back = links.link(toNode, node);
        long life = NodePath.life(envelope.to());
        boolean silent = forward.silent() || !links.machines().hostUp(toNode);
        boolean turnedDown = forward.block().isPresent() || back.blocks(Block.REJECT) || back.blocks(Block.RESET);
        if (!silent && (turnedDown || !links.machines().lives(toNode, life))) {
            forward.lane(TrafficClass.CONTROL).dropped++;
            return;
        }
        connection(forward, life).send(envelope, bytes);
    }

    private ControlConnection connection(Link forward, long life) {
        ControlConnection connection = connections.get(forward);
        if (connection == null || connection.toLife() != life) {
            if (connection != null) {
                connection.close();
            }
            connection = new ControlConnection(links, this, forward, life);
            connections.put(forward, connection);
        }
        return connection;
    }

    /** Nobody there: it vanishes. */
    void arrived(Member to, byte[] bytes) {
        Consumer<Envelope> inbox = inboxes.get(to);
        if (inbox != null) {
            inbox.accept(codec.decode(bytes));
        }
    }

    void breakAll(Set<Link> over) {
        connections.values().stream()
                .filter(connection -> over.contains(connection.forward())
                        || over.contains(links.link(
                                connection.forward().to(), connection.forward().from())))
                .forEach(ControlConnection::reset);
    }

    void started(String node) {
        close(connection -> connection.forward().to().equals(node));
    }

    void stopped(String node, Death death) {
        inboxes.keySet().removeIf(member -> NodePath.node(member).equals(node));
        close(connection -> connection.forward().from().equals(node)
                || (death == Death.PROCESS && connection.forward().to().equals(node)));
    }

    private void close(Predicate<ControlConnection> which) {
        connections.values().removeIf(connection -> {
            boolean closes = which.test(connection);
            if (closes) {
                connection.close();
            }
            return closes;
        });
    }
}
