package io.murmuration.cluster.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.config.NodeSettings.Seed;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.membership.ClusterGateway;
import io.murmuration.cluster.transport.NodeIdentity;
import java.net.BindException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.BootstrapSetup;
import org.apache.pekko.actor.setup.ActorSystemSetup;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.remote.artery.tcp.SSLEngineProviderSetup;

/** The actor system of a node: its settings as Pekko wants them, and what goes wrong when it starts. */
final class NodeSystem {

    /** Part of every address, so the same on every node. */
    static final String NAME = "murmuration";

    private NodeSystem() {}

    /**
     * @param tls what the control plane shows and trusts; empty: plain
     * @throws UserError if it cannot listen
     */
    static <M> org.apache.pekko.actor.typed.ActorSystem<M> start(
            Behavior<M> guardian, NodeSettings node, NodeIdentity self, Optional<SSLContext> tls) {
        ActorSystemSetup setup = ActorSystemSetup.create(BootstrapSetup.create(config(node, self, tls.isPresent())));
        if (tls.isPresent()) {
            SSLContext context = tls.get();
            setup = setup.withSetup(SSLEngineProviderSetup.create(system -> new ArteryTls(context)));
        }
        try {
            return org.apache.pekko.actor.typed.ActorSystem.create(guardian, NAME, setup);
        } catch (RuntimeException e) {
            throw startError(node, e);
        }
    }

    /** The address by which a node is found. */
    static String address(Seed seed) {
        return "pekko://" + NAME + "@" + seed.host() + ":" + seed.port();
    }

    private static Config config(NodeSettings node, NodeIdentity self, boolean tls) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("pekko.remote.artery.transport", tls ? "tls-tcp" : "tcp");
        values.put("pekko.remote.artery.canonical.hostname", node.control().host());
        values.put("pekko.remote.artery.canonical.port", node.control().port());
        values.put("pekko.remote.artery.bind.hostname", node.control().bindHost());
        values.put("pekko.remote.artery.bind.port", node.control().bindPort());
        values.put(
                "pekko.cluster.roles",
                node.roles().stream()
                        .map(role -> role.name().toLowerCase(Locale.ROOT))
                        .toList());
        values.put("pekko.cluster.split-brain-resolver.static-quorum.quorum-size", node.quorum());
        // Who begins a cluster is no member of it, and nobody leads, until there are as many as may remove others: a
        // first
        // seed that is cut off and starts again must not go on alone.
        values.put("pekko.cluster.role." + ClusterGateway.COORDINATOR + ".min-nr-of-members", node.quorum());
        values.put(
                "pekko.cluster.split-brain-resolver.stable-after",
                node.detection().stableAfter().toMillis() + "ms");
        values.put(
                "pekko.cluster.down-removal-margin",
                node.detection().removalMargin().toMillis() + "ms");
        values.put(
                "pekko.cluster.failure-detector.acceptable-heartbeat-pause",
                node.detection().heartbeatPause().toMillis() + "ms");
        values.put(SameRun.RUN, self.run());
        values.put(SameRun.PROTOCOL, self.protocol());
        return ConfigFactory.parseMap(values, "the settings of the node")
                .withFallback(ConfigFactory.parseResources("murmuration-pekko-node.conf"))
                .withFallback(ConfigFactory.parseResources("murmuration-pekko.conf"))
                .withFallback(ConfigFactory.defaultReference(ActorSystem.class.getClassLoader()))
                .resolve();
    }

    private static RuntimeException startError(NodeSettings node, RuntimeException e) {
        String where = node.control().bindHost() + ":" + node.control().bindPort();
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            String text = String.valueOf(cause.getMessage());
            if (cause instanceof UnknownHostException || cause instanceof UnresolvedAddressException) {
                return new UserError(
                        "node.control: this machine does not know the host "
                                + node.control().bindHost()
                                + ": set node.control.host, or bind-host if others know it by another name",
                        e);
            }
            if (cause instanceof BindException || text.contains("Failed to bind") || text.contains("Bind failed")) {
                return new UserError(
                        "cannot listen on " + where + " for the control plane (node.control): " + reason(cause), e);
            }
        }
        return e;
    }

    /** The innermost one says it in plain words. */
    private static String reason(Throwable cause) {
        Throwable innermost = cause;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        String text = String.valueOf(innermost.getMessage());
        if (text.contains("Address already in use")) {
            return "the port is in use by another process";
        }
        if (text.contains("Cannot assign requested address")) {
            return "this machine has no such address; bind-host says where to listen";
        }
        return text;
    }

    /** For messages. */
    static String list(List<Seed> seeds) {
        return String.join(", ", seeds.stream().map(Seed::toString).toList());
    }
}
