package io.murmuration.bench;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.murmuration.cluster.membership.ClusterMessage;
import io.murmuration.faults.injection.LinkProxies;
import io.murmuration.faults.injection.LinkProxies.Plane;
import io.murmuration.faults.simulation.world.Pair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.pekko.actor.AbstractActor;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Props;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.pattern.Patterns;

/**
 * Two actor systems that find each other through proxies only, with the transport and the serialiser of a node's control
 * plane; one sends back what it gets.
 */
final class ControlEcho implements AutoCloseable {

    private static final String SYSTEM = "murmuration";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Sends every message back. */
    private static final class Echo extends AbstractActor {
        @Override
        public Receive createReceive() {
            return receiveBuilder()
                    .match(ClusterMessage.class, message -> getSender().tell(message, getSelf()))
                    .build();
        }
    }

    private final ActorSystem near;
    private final ActorSystem far;
    private final ActorRef echo;
    private long version;

    /**
     * @param proxies know the links of {@code there} and back
     * @param there from who asks to who answers
     */
    ControlEcho(LinkProxies proxies, Pair there) {
        int nearPort = freePort();
        int farPort = freePort();
        // Each is known by where the proxy of its only peer listens, so nothing but the proxies has to be told apart.
        int farSeen = proxy(proxies, there, farPort);
        int nearSeen = proxy(proxies, new Pair(there.to(), there.from()), nearPort);
        this.near = ActorSystem.create(SYSTEM, config(nearSeen, nearPort));
        this.far = ActorSystem.create(SYSTEM, config(farSeen, farPort));
        far.actorOf(Props.create(Echo.class, Echo::new), "echo");
        this.echo = near.actorSelection("pekko://" + SYSTEM + "@127.0.0.1:" + farSeen + "/user/echo")
                .resolveOne(PATIENCE)
                .toCompletableFuture()
                .join();
    }

    private static int proxy(LinkProxies proxies, Pair pair, int port) {
        InetAddress here = InetAddress.getLoopbackAddress();
        return proxies.proxy(
                        pair, Plane.CONTROL, new InetSocketAddress(here, 0), new InetSocketAddress("127.0.0.1", port))
                .getPort();
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no port is free", e);
        }
    }

    private static Config config(int seen, int bound) {
        Map<String, Object> values = new LinkedHashMap<>();
        // Without a cluster: its own messages would be in the way of what is measured.
        values.put("pekko.actor.provider", "remote");
        values.put("pekko.remote.artery.transport", "tcp");
        values.put("pekko.remote.artery.canonical.hostname", "127.0.0.1");
        values.put("pekko.remote.artery.canonical.port", seen);
        values.put("pekko.remote.artery.bind.hostname", "127.0.0.1");
        values.put("pekko.remote.artery.bind.port", bound);
        return ConfigFactory.parseMap(values)
                .withFallback(ConfigFactory.parseResources("murmuration-pekko-node.conf"))
                .withFallback(ConfigFactory.parseResources("murmuration-pekko.conf"))
                .withFallback(ConfigFactory.defaultReference(ActorSystem.class.getClassLoader()))
                .resolve();
    }

    /** Where the asking node lives. */
    org.apache.pekko.actor.typed.ActorSystem<Void> near() {
        return Adapter.toTyped(near);
    }

    /** Where the answering node lives. */
    org.apache.pekko.actor.typed.ActorSystem<Void> far() {
        return Adapter.toTyped(far);
    }

    /** Seconds that a small message takes there and back. */
    double roundTrip() {
        ClusterMessage message = new ClusterMessage.Heard("bench", "a", "b", 1, version++);
        long began = System.nanoTime();
        Object back =
                Patterns.ask(echo, message, PATIENCE).toCompletableFuture().join();
        double seconds = (System.nanoTime() - began) / 1e9;
        if (!message.equals(back)) {
            throw new IllegalStateException("expected " + message + " back, got " + back);
        }
        return seconds;
    }

    @Override
    public void close() {
        near.terminate();
        far.terminate();
    }
}
