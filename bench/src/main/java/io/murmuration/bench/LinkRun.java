package io.murmuration.bench;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Route;
import io.murmuration.cluster.config.DataPlaneSettings;
import io.murmuration.cluster.transport.DataAddress;
import io.murmuration.cluster.transport.NodeIdentity;
import io.murmuration.cluster.transport.TcpDataPlane;
import io.murmuration.cluster.transport.WireCounts;
import io.murmuration.faults.injection.LinkProxies;
import io.murmuration.faults.injection.LinkProxies.Plane;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Pair;
import io.murmuration.faults.simulation.world.Rate;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pekko.actor.typed.ActorSystem;

/** Two nodes' planes over one link, which is a proxy: transfers of the one and round trips of the other. */
final class LinkRun implements AutoCloseable {

    /** A link, the same in both directions. */
    record Link(Rate rate, Duration way) {
        private LinkModel model() {
            return LinkModel.IDEAL.rate(rate).latency(way);
        }
    }

    /**
     * One transfer.
     *
     * @param seconds from the first byte received to the last
     * @param roundTrips seconds of the control messages that were under way meanwhile
     */
    record Transfer(double seconds, List<Double> roundTrips) {}

    private static final Pair THERE = new Pair("a", "b");
    private static final Pair BACK = new Pair("b", "a");
    /** Frames that are offered and not answered: enough for the window to be the limit. */
    private static final int UNDER_WAY = 24;

    private static final long MOST_SECONDS = 120;

    private final Link link;
    private final LinkProxies proxies = LinkProxies.start(1);
    private final Route route = new Route("bench", Member.of("a:shard", 1), Member.of("b:shard", 1));
    private final AtomicLong lastArrival = new AtomicLong();
    private final List<Payload> payloads;
    private final TcpDataPlane receiver;
    private final TcpDataPlane sender;
    private final ControlEcho control;

    /** @param frames bytes of each frame of a transfer */
    LinkRun(Link link, DataPlaneSettings settings, List<Integer> frames) {
        this.link = link;
        proxies.link(THERE, link.model());
        proxies.link(BACK, link.model());
        // Both planes of a node live in one actor system, and disturb each other there too if they can.
        this.control = new ControlEcho(proxies, THERE);
        this.receiver = start("b", control.far(), settings, Optional.empty());
        receiver.attach(route.to(), delivery -> {
            lastArrival.set(System.nanoTime());
            delivery.accept();
        });
        InetSocketAddress at = proxies.proxy(
                THERE, Plane.DATA, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), receiver.bound());
        this.sender =
                start("a", control.near(), settings, Optional.of(new DataAddress("b", "127.0.0.1", at.getPort())));
        SplittableRandom random = new SplittableRandom(1);
        this.payloads = frames.stream()
                .map(bytes -> {
                    byte[] content = new byte[bytes];
                    random.nextBytes(content);
                    return new Payload(content, bytes);
                })
                .toList();
    }

    private static TcpDataPlane start(
            String node, ActorSystem<?> system, DataPlaneSettings settings, Optional<DataAddress> peer) {
        return TcpDataPlane.start(
                system,
                new NodeIdentity(node, 1, "bench", 1),
                settings.boundTo("127.0.0.1", 0),
                Optional.empty(),
                member -> peer,
                new WireCounts());
    }

    /** Seconds of a control message there and back while nothing else is under way. */
    double roundTrip() {
        return control.roundTrip();
    }

    /** All frames once, on the connection that is open if this is not the first time. */
    Transfer transfer() {
        CountDownLatch answered = new CountDownLatch(payloads.size());
        long began = System.nanoTime();
        Thread offering = Thread.ofPlatform().name("offering").start(() -> offer(answered));
        List<Double> roundTrips = new ArrayList<>();
        while (answered.getCount() > 0) {
            double seconds = control.roundTrip();
            // What comes back when all is sent has not been under way beside it.
            if (answered.getCount() > 0) {
                roundTrips.add(seconds);
            }
            if (System.nanoTime() - began > TimeUnit.SECONDS.toNanos(MOST_SECONDS)) {
                throw new IllegalStateException(
                        answered.getCount() + " frames are not answered after " + MOST_SECONDS + " s");
            }
        }
        try {
            offering.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while frames were under way", e);
        }
        // No byte can have arrived before it was on its way for so long.
        long first = began + link.way().toNanos();
        return new Transfer((lastArrival.get() - first) / 1e9, roundTrips);
    }

    private void offer(CountDownLatch answered) {
        Semaphore free = new Semaphore(UNDER_WAY);
        for (int i = 0; i < payloads.size(); i++) {
            free.acquireUninterruptibly();
            sender.offer(new DataFrame.StateChunk(route, 0, 1, i, payloads.get(i)), outcome -> {
                if (!(outcome instanceof DataPlane.Accepted)) {
                    throw new IllegalStateException("a frame over a link without faults was not taken: " + outcome);
                }
                free.release();
                answered.countDown();
            });
        }
    }

    @Override
    public void close() {
        sender.close();
        receiver.close();
        control.close();
        proxies.close();
    }
}
