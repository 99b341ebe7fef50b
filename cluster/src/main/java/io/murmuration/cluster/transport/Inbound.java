package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.DataFrame.Traffic;
import io.murmuration.cluster.config.DataPlaneSettings;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All connections that others have to this node. One for each node and class: a newer one takes the place of an older one,
 * and a new life of a node ends everything of its earlier lives. Thread-safe.
 */
final class Inbound {

    private static final Logger LOG = LoggerFactory.getLogger(Inbound.class);

    private record Peer(String node, Traffic traffic) implements Comparable<Peer> {
        @Override
        public int compareTo(Peer other) {
            int byNode = node.compareTo(other.node);
            return byNode != 0 ? byNode : traffic.compareTo(other.traffic);
        }
    }

    private record Open(long life, WireEnd.Handle handle, Connection connection) {}

    private final NodeIdentity self;
    private final DataPlaneSettings settings;
    private final Receivers receivers;
    private final WireRefusals refusals;
    private final Marks marks;
    private final Gate gate;
    private final SecureRandom chance = new SecureRandom();
    private final Map<Peer, Open> open = new TreeMap<>();
    /** Bytes that were handed over and not answered, of all connections there were; without those that are 0. */
    private final Map<Peer, AtomicLong> unanswered = new TreeMap<>();

    private int connections;
    private boolean closed;

    Inbound(NodeIdentity self, DataPlaneSettings settings, Receivers receivers, WireRefusals refusals) {
        this.self = self;
        this.settings = settings;
        this.receivers = receivers;
        this.refusals = refusals;
        this.marks = new Marks(settings.marks().first(), settings.marks().most(), settings.peersRemembered());
        this.gate = new Gate(self, marks, settings.peersRemembered());
    }

    /**
     * What serves a connection that was accepted; empty if there are too many.
     *
     * @param names in the other side's certificate
     */
    synchronized Optional<InboundConnection> serve(Supplier<Optional<Set<String>>> names) {
        if (closed || connections >= settings.connections()) {
            refusals.count(WireRefusals.STRANGER, Rejection.Reason.BUSY);
            return Optional.empty();
        }
        connections++;
        byte[] nonce = new byte[Handshake.NONCE_BYTES];
        chance.nextBytes(nonce);
        return Optional.of(new InboundConnection(self.protocol(), nonce, settings, new Connection(nonce, names)));
    }

    /** Ends all connections, or those of one node. */
    void cut(Optional<String> node, String reason) {
        some(node).forEach(handle -> handle.cut(reason));
    }

    /** Ends all connections when the answers that are ready have been said; no more are taken. */
    void close(String reason) {
        synchronized (this) {
            closed = true;
        }
        some(Optional.empty()).forEach(handle -> handle.finish(reason));
    }

    private synchronized List<WireEnd.Handle> some(Optional<String> node) {
        return open.entrySet().stream()
                .filter(entry ->
                        node.isEmpty() || node.get().equals(entry.getKey().node()))
                .map(entry -> entry.getValue().handle())
                .toList();
    }

    private final class Connection implements InboundConnection.Owner {
        private final byte[] nonce;
        private final Supplier<Optional<Set<String>>> names;
        private Optional<Peer> peer = Optional.empty();

        private Connection(byte[] nonce, Supplier<Optional<Set<String>>> names) {
            this.nonce = nonce;
            this.names = names;
        }

        @Override
        public InboundConnection.Admission admit(Handshake.Hello hello, WireEnd.Handle handle) {
            Optional<Set<String>> proven = names.get();
            Optional<Rejection> rejection = gate.reject(hello, nonce, proven, System.nanoTime());
            if (rejection.isEmpty()) {
                rejection = enter(hello, handle);
            }
            if (rejection.isPresent()) {
                refusals.count(WireRefusals.STRANGER, rejection.get().reason());
                LOG.warn("data plane: {} was turned away: {}", hello.identity().node(), rejection.get());
                return new InboundConnection.Turned(rejection.get());
            }
            Peer known = peer.orElseThrow();
            AtomicLong account = account(known);
            return new InboundConnection.Taken(
                    new Handshake.Welcome(
                            self.node(),
                            self.life(),
                            settings.windows().of(hello.traffic()),
                            settings.largestMessage()),
                    (frame, answered) -> {
                        account.addAndGet(frame.cost());
                        receivers.deliver(frame.frame(), outcome -> {
                            account.addAndGet(-frame.cost());
                            answered.accept(outcome);
                        });
                    });
        }

        private Optional<Rejection> enter(Handshake.Hello hello, WireEnd.Handle handle) {
            Peer entering = new Peer(hello.identity().node(), hello.traffic());
            List<WireEnd.Handle> outdated = new ArrayList<>();
            synchronized (Inbound.this) {
                long left = Optional.ofNullable(unanswered.get(entering))
                        .map(AtomicLong::get)
                        .orElse(0L);
                long window = settings.windows().of(hello.traffic());
                if (left > window) {
                    return Optional.of(Rejection.of(
                            Rejection.Reason.BUSY,
                            left + " bytes of earlier connections are unanswered, more than the window of " + window));
                }
                long life = hello.identity().life();
                open.entrySet().removeIf(entry -> {
                    boolean over = entry.getKey().equals(entering)
                            || entry.getKey().node().equals(entering.node())
                                    && entry.getValue().life() < life;
                    if (over) {
                        outdated.add(entry.getValue().handle());
                    }
                    return over;
                });
                open.put(entering, new Open(life, handle, this));
                peer = Optional.of(entering);
            }
            outdated.forEach(old -> old.cut("a newer connection of " + entering.node() + " took its place"));
            return Optional.empty();
        }

        private AtomicLong account(Peer known) {
            synchronized (Inbound.this) {
                unanswered.values().removeIf(account -> account.get() == 0);
                return unanswered.computeIfAbsent(known, any -> new AtomicLong());
            }
        }

        @Override
        public void nonsense(BadFrameException bad) {
            String who = peer.map(Peer::node).orElse(WireRefusals.STRANGER);
            refusals.count(who, bad.reason());
            peer.ifPresent(known -> marks.mark(known.node(), System.nanoTime()));
            LOG.warn("data plane: {} sent nonsense and is cut off: {}", who, bad.getMessage());
        }

        @Override
        public void ended(Ending how) {
            synchronized (Inbound.this) {
                connections--;
                peer.filter(known -> open.containsKey(known) && open.get(known).connection() == this)
                        .ifPresent(open::remove);
            }
            if (peer.isEmpty()
                    && how instanceof Ending.Rejected(Rejection rejection)
                    && rejection.reason() == Rejection.Reason.CERTIFICATE) {
                refusals.count(WireRefusals.STRANGER, rejection.reason());
                LOG.warn("data plane: a connection without a certificate of the cluster was turned away: {}", how);
            } else {
                LOG.debug("data plane: connection of {} ended: {}", peer, how);
            }
        }
    }
}
