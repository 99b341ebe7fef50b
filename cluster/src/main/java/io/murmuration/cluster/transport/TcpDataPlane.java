package io.murmuration.cluster.transport;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.DataFrame.Traffic;
import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.config.DataPlaneSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.security.TlsSettings;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.io.Inet;
import org.apache.pekko.io.TcpSO;
import org.apache.pekko.stream.ActorAttributes;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.javadsl.Tcp;
import org.apache.pekko.stream.scaladsl.TcpAttributes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data plane between nodes: for every ordered pair of nodes and class of traffic one TCP connection, with TLS if there
 * are certificates. What is unanswered is bounded by the window that the receiver grants, what waits for that by the
 * sender's queue; beyond both an offer is refused. So a peer that does not drain costs the sender nothing but its window.
 * Members of this node are served without a socket. Frames under way when a connection ends have failed: whether they
 * arrived is not known. A connection to a node that is not known any more is let go of, with what waits for it. Thread-safe.
 */
public final class TcpDataPlane implements DataPlane, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(TcpDataPlane.class);

    /** Where Pekko runs the actors of sockets unless {@code pekko.io.tcp.worker-dispatcher} says otherwise. */
    public static final String DISPATCHER = "pekko.actor.internal-dispatcher";

    /**
     * A connection runs where its socket's actor does: between two pools of threads every piece that is read or written wakes
     * a thread, which costs more than all that is done with its bytes. TLS makes pieces of 16 KiB, which are written together.
     */
    private static final Attributes CONNECTION =
            ActorAttributes.dispatcher(DISPATCHER).and(TcpAttributes.tcpWriteBufferSize(Kind.LARGEST_FRAME));

    /** Connections that may wait to be accepted. */
    private static final int BACKLOG = 256;

    /** How long the answers that are ready may take at the end. */
    private static final Duration FAREWELL = Duration.ofSeconds(1);

    /** Frames that a member may have unanswered from another of the same node. */
    private static final int LOCAL_UNANSWERED = 16;

    private record LinkId(String node, Traffic traffic) implements Comparable<LinkId> {
        @Override
        public int compareTo(LinkId other) {
            int byNode = node.compareTo(other.node);
            return byNode != 0 ? byNode : traffic.compareTo(other.traffic);
        }
    }

    /** @param by who was sent to first: as long as it is known at this address, the link is of use */
    private record Used(OutboundLink link, Member by) {}

    private final ActorSystem<?> system;
    private final NodeIdentity self;
    private final DataPlaneSettings settings;
    private final Optional<SecureWire> secure;
    private final Function<Member, Optional<DataAddress>> addresses;
    private final WireCounts counts;
    private final Materializer materializer;
    private final InProcessDataPlane local;
    private final Receivers receivers = new Receivers();
    private final WireRefusals refusals;
    private final Inbound inbound;
    private final Optional<TokenBucket> bulkRate;
    private final List<Consumer<LinkEvent>> listeners = new CopyOnWriteArrayList<>();
    private final Map<LinkId, Used> links = new TreeMap<>();
    private final Tcp.ServerBinding binding;
    private final Cancellable sweeping;
    private boolean closed;

    /**
     * Listens and is ready.
     *
     * @param addresses where a member's node listens, asked for each offer; empty: nobody knows
     * @param counts gets what is sent to other nodes, and who of them is turned away
     * @throws UserError if it cannot listen there
     */
    public static TcpDataPlane start(
            ActorSystem<?> system,
            NodeIdentity self,
            DataPlaneSettings settings,
            Optional<TlsSettings> tls,
            Function<Member, Optional<DataAddress>> addresses,
            WireCounts counts) {
        return new TcpDataPlane(
                system, self, settings, tls.map(files -> new SecureWire(files.context())), addresses, counts);
    }

    private TcpDataPlane(
            ActorSystem<?> system,
            NodeIdentity self,
            DataPlaneSettings settings,
            Optional<SecureWire> secure,
            Function<Member, Optional<DataAddress>> addresses,
            WireCounts counts) {
        this.system = system;
        this.self = self;
        this.settings = settings;
        this.secure = secure;
        this.addresses = addresses;
        this.counts = counts;
        this.materializer = Materializer.createMaterializer(system);
        this.local = new InProcessDataPlane(materializer, new WireCounts(), settings.queueFrames(), LOCAL_UNANSWERED);
        this.refusals = new WireRefusals(settings.peersRemembered(), counts);
        this.inbound = new Inbound(self, settings, receivers, refusals);
        this.bulkRate = settings.bulkRate() == 0
                ? Optional.empty()
                : Optional.of(new TokenBucket(settings.bulkRate(), Kind.LARGEST_FRAME, System.nanoTime()));
        this.binding = listen();
        this.sweeping = system.scheduler()
                .scheduleWithFixedDelay(
                        settings.times().probe(),
                        settings.times().probe(),
                        this::letGoOfWhoIsGone,
                        system.executionContext());
    }

    private Tcp.ServerBinding listen() {
        try {
            return Tcp.get(system)
                    .bind(settings.bindHost(), settings.bindPort(), BACKLOG, options(), false, Optional.empty())
                    .to(Sink.foreach(this::accept))
                    .run(materializer)
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            materializer.shutdown();
            throw new UserError(
                    "the data plane of " + self.node() + " cannot listen on " + settings.bindHost() + ":"
                            + settings.bindPort() + ": " + e.getCause().getMessage(),
                    e);
        }
    }

    private List<Inet.SocketOption> options() {
        List<Inet.SocketOption> options = new ArrayList<>();
        if (settings.socketBuffer() > 0) {
            options.add(TcpSO.sendBufferSize(settings.socketBuffer()));
            options.add(TcpSO.receiveBufferSize(settings.socketBuffer()));
        }
        return options;
    }

    private void accept(Tcp.IncomingConnection connection) {
        SecureWire.Secured wire = secure.map(SecureWire::server).orElseGet(SecureWire::plain);
        inbound.serve(wire.names())
                .ifPresentOrElse(
                        served -> Flow.fromGraph(served)
                                .join(wire.flow().join(connection.flow()))
                                .withAttributes(CONNECTION)
                                .run(materializer),
                        () -> connection.handleWith(
                                Flow.fromSinkAndSource(Sink.cancelled(), Source.empty()), materializer));
    }

    /** Where it listens; the port is the one that was found if any was asked for. */
    public InetSocketAddress bound() {
        return binding.localAddress();
    }

    /** Tells {@code listener} what is seen of the way to other nodes; it must hand over and return at once. */
    public void onEvent(Consumer<LinkEvent> listener) {
        listeners.add(listener);
    }

    /** Who was turned away, and for what. */
    public WireRefusals refusals() {
        return refusals;
    }

    /** Breaks every connection with {@code node}, both ways, as a network would. */
    public void cut(String node, String reason) {
        inbound.cut(Optional.of(node), reason);
        List<OutboundLink> cut;
        synchronized (this) {
            cut = links.entrySet().stream()
                    .filter(entry -> entry.getKey().node().equals(node))
                    .map(entry -> entry.getValue().link())
                    .toList();
        }
        cut.forEach(link -> link.cut(reason));
    }

    @Override
    public void attach(Member member, Consumer<Delivery> inbox) {
        receivers.attach(member, inbox);
        local.attach(member, inbox);
    }

    @Override
    public void detach(Member member) {
        receivers.detach(member);
        local.detach(member);
    }

    @Override
    public void offer(DataFrame frame, Consumer<Outcome> done) {
        Member to = frame.route().to();
        if (self.hosts(to)) {
            local.offer(frame, done);
            return;
        }
        Optional<DataAddress> address = addresses.apply(to);
        if (address.isEmpty()) {
            done.accept(new Failed("it is not known where " + to + " is"));
            return;
        }
        Optional<OutboundLink> link = link(to, address.get(), frame.traffic());
        if (link.isEmpty()) {
            done.accept(new Failed("the data plane of " + self.node() + " is closed"));
        } else if (link.get().offer(frame, done)) {
            counts.count(frame);
        }
    }

    private Optional<OutboundLink> link(Member to, DataAddress address, Traffic traffic) {
        Optional<OutboundLink> moved = Optional.empty();
        OutboundLink link;
        synchronized (this) {
            if (closed) {
                return Optional.empty();
            }
            LinkId id = new LinkId(address.node(), traffic);
            Used known = links.get(id);
            if (known != null && known.link().address().equals(address)) {
                if (!isKnown(known)) {
                    // A new life at the same address.
                    links.put(id, new Used(known.link(), to));
                }
                return Optional.of(known.link());
            }
            moved = Optional.ofNullable(known).map(Used::link);
            link = newLink(address, traffic);
            links.put(id, new Used(link, to));
        }
        moved.ifPresent(old -> old.shut(address.node() + " has moved to " + address, WireEnd.Handle::cut));
        return Optional.of(link);
    }

    private boolean isKnown(Used used) {
        return addresses.apply(used.by()).equals(Optional.of(used.link().address()));
    }

    /** Names come and go over the life of a node: what was made for those that are gone must not stay. */
    private void letGoOfWhoIsGone() {
        List<OutboundLink> gone = new ArrayList<>();
        synchronized (this) {
            links.values().removeIf(used -> {
                boolean over = !isKnown(used);
                if (over) {
                    gone.add(used.link());
                }
                return over;
            });
        }
        gone.forEach(link -> link.shut(link.address().node() + " is not in the cluster any more", WireEnd.Handle::cut));
    }

    /** Nodes and classes of traffic for which something is kept here. */
    synchronized int links() {
        return links.size();
    }

    private OutboundLink newLink(DataAddress address, Traffic traffic) {
        long seed = self.node().hashCode() ^ self.life() * 31 + address.node().hashCode() * 7L + traffic.ordinal();
        return new OutboundLink(
                address,
                traffic,
                new SendQueue(settings.queueFrames(), settings.queueBytes(), settings.largestMessage()),
                new Backoff(settings.backoff().first(), settings.backoff().most(), new SplittableRandom(seed)),
                settings.backoff().attempts(),
                new Sockets());
    }

    /** Ends all connections, each after what is ready to be said, and everything that is under way. */
    @Override
    public void close() {
        List<OutboundLink> all;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            all = links.values().stream().map(Used::link).toList();
            links.clear();
        }
        String reason = "the data plane of " + self.node() + " is closed";
        sweeping.cancel();
        binding.unbind();
        all.forEach(link -> link.shut(reason, WireEnd.Handle::finish));
        inbound.close(reason);
        system.scheduler().scheduleOnce(FAREWELL, materializer::shutdown, system.executionContext());
    }

    /** What links need: sockets, a scheduler, somebody to tell. */
    private final class Sockets implements OutboundLink.Network {
        @Override
        public void connect(DataAddress to, Traffic traffic, OutboundConnection.Owner owner) {
            SecureWire.Secured wire = secure.map(tls -> tls.client(to)).orElseGet(SecureWire::plain);
            OutboundConnection connection = new OutboundConnection(
                    new OutboundConnection.Ends(self, to, traffic, wire.names()),
                    settings.times(),
                    traffic == Traffic.BULK ? bulkRate : Optional.empty(),
                    owner);
            Flow.fromGraph(connection)
                    .join(wire.flow()
                            .join(Tcp.get(system)
                                    .outgoingConnection(
                                            to.unresolved(),
                                            Optional.empty(),
                                            options(),
                                            false,
                                            Optional.of(settings.times().connect()),
                                            Optional.empty())))
                    .withAttributes(CONNECTION)
                    .run(materializer);
        }

        @Override
        public void after(Duration pause, Runnable task) {
            system.scheduler().scheduleOnce(pause, task, system.executionContext());
        }

        @Override
        public void tell(LinkEvent event) {
            LOG.info("data plane: {}", event);
            listeners.forEach(listener -> listener.accept(event));
        }
    }
}
