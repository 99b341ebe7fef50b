package io.murmuration.bench;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Route;
import io.murmuration.cluster.config.DataPlaneSettings;
import io.murmuration.cluster.security.TlsSettings;
import io.murmuration.cluster.transport.DataAddress;
import io.murmuration.cluster.transport.NodeIdentity;
import io.murmuration.cluster.transport.TcpDataPlane;
import io.murmuration.cluster.transport.WireCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.stream.ActorAttributes;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.javadsl.Tcp;
import org.apache.pekko.util.ByteString;

/** Ways to send the same bytes over loopback, each on a connection that stays open or, bare, is made in time. */
final class WireRun implements AutoCloseable {

    /** Sends all bytes once and says how long it took. */
    interface Way {
        double seconds();
    }

    private static final int PIECE = 1 << 20;
    /** What a bare stream carries at a time: as long as a wire frame of the data plane. */
    private static final int ELEMENT = 256 << 10;

    private static final int UNDER_WAY = 12;

    private final ActorSystem<?> system;
    private final DataPlaneSettings settings;
    private final Materializer materializer;
    private final byte[] bytes = new byte[PIECE];
    private final int pieces;
    private final List<TcpDataPlane> planes = new ArrayList<>();

    WireRun(ActorSystem<?> system, DataPlaneSettings settings, int mib) {
        this.system = system;
        this.settings = settings;
        this.materializer = Materializer.createMaterializer(system);
        this.pieces = mib;
        new SplittableRandom(1).nextBytes(bytes);
    }

    /** A stream into a socket and out of it, where streams run by default; from connecting to the last byte. */
    Way bare() {
        return bare(Attributes.none());
    }

    /** The same in the threads of its sockets, as the data plane does it. */
    Way bareBesideSockets() {
        return bare(ActorAttributes.dispatcher(TcpDataPlane.DISPATCHER));
    }

    private Way bare(Attributes attributes) {
        AtomicReference<CountDownLatch> last = new AtomicReference<>(new CountDownLatch(1));
        long all = (long) pieces * PIECE;
        int port = Tcp.get(system)
                .bind("127.0.0.1", 0)
                .to(Sink.foreach(connection -> {
                    long[] left = {all};
                    Flow.fromSinkAndSource(
                                    Sink.foreach((ByteString some) -> {
                                        left[0] -= some.size();
                                        if (left[0] == 0) {
                                            last.get().countDown();
                                        }
                                    }),
                                    Source.<ByteString>maybe())
                            .join(connection.flow())
                            .withAttributes(attributes)
                            .run(materializer);
                }))
                .run(materializer)
                .toCompletableFuture()
                .join()
                .localAddress()
                .getPort();
        List<ByteString> elements = new ArrayList<>();
        for (int at = 0; at < PIECE; at += ELEMENT) {
            elements.add(ByteString.fromArrayUnsafe(bytes, at, ELEMENT));
        }
        long count = (long) pieces * elements.size();
        return () -> {
            CountDownLatch done = new CountDownLatch(1);
            last.set(done);
            long began = System.nanoTime();
            Source.cycle(elements::iterator)
                    .take(count)
                    .via(Tcp.get(system).outgoingConnection("127.0.0.1", port))
                    .to(Sink.ignore())
                    .withAttributes(attributes)
                    .run(materializer);
            return waitFor(done, began);
        };
    }

    /** Frames of a MiB from one data plane to another; from the first offer to the last answer. */
    Way plane(Optional<TlsSettings> ofSender, Optional<TlsSettings> ofReceiver) {
        Member from = Member.of("a:shard", 1);
        Member to = Member.of("b:shard", 1);
        TcpDataPlane receiver = start("b", ofReceiver, Optional.empty());
        receiver.attach(to, DataPlane.Delivery::accept);
        TcpDataPlane sender = start(
                "a",
                ofSender,
                Optional.of(new DataAddress("b", "127.0.0.1", receiver.bound().getPort())));
        Payload payload = new Payload(bytes, bytes.length);
        Route route = new Route("bench", from, to);
        return () -> {
            CountDownLatch done = new CountDownLatch(pieces);
            Semaphore free = new Semaphore(UNDER_WAY);
            long began = System.nanoTime();
            for (int i = 0; i < pieces; i++) {
                free.acquireUninterruptibly();
                sender.offer(new DataFrame.StateChunk(route, 0, 1, i, payload), outcome -> {
                    if (!(outcome instanceof DataPlane.Accepted)) {
                        throw new IllegalStateException("a frame over loopback was not taken: " + outcome);
                    }
                    free.release();
                    done.countDown();
                });
            }
            return waitFor(done, began);
        };
    }

    private TcpDataPlane start(String node, Optional<TlsSettings> tls, Optional<DataAddress> peer) {
        TcpDataPlane plane = TcpDataPlane.start(
                system,
                new NodeIdentity(node, 1, "bench", 1),
                settings.boundTo("127.0.0.1", 0),
                tls,
                member -> peer,
                new WireCounts());
        planes.add(plane);
        return plane;
    }

    private static double waitFor(CountDownLatch done, long began) {
        try {
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while bytes were under way", e);
        }
        return (System.nanoTime() - began) / 1e9;
    }

    @Override
    public void close() {
        planes.forEach(TcpDataPlane::close);
    }
}
