package io.murmuration.faults.sockets;

import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.injection.LinkProxies;
import io.murmuration.faults.injection.LinkProxies.Plane;
import io.murmuration.faults.simulation.world.Pair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Who finds whom where, so that every ordered pair of nodes has a proxy of its own although all nodes are called by their
 * names and use the same ports. Every address in 127.0.0.0/8 is this machine's, on Linux without any setting. Within
 * {@code 127.NET}, node i listens on {@code .0.i} and finds node j on {@code .i.j}, where the proxy of that pair listens: so says
 * the hosts file that its process is started with.
 */
public final class Addresses {

    /** Control port of every node. */
    public static final int CONTROL = 25_520;

    /** Data port of every node. */
    public static final int DATA = 25_521;

    private static final int MOST_NODES = 254;
    private static final int FIRST_NET = 2;
    private static final int NETS = 250;

    private final Path folder;
    private final LinkProxies proxies;
    private final int net;
    private final List<String> nodes = new ArrayList<>();

    /** @param folder for hosts files */
    public Addresses(Path folder, LinkProxies proxies) {
        this.folder = folder;
        this.proxies = proxies;
        this.net = free();
    }

    /** Two scenarios at once take different nets: the first address of one says that it is taken. */
    private static int free() {
        int first = (int) (ProcessHandle.current().pid() % NETS);
        for (int i = 0; i < NETS; i++) {
            int net = FIRST_NET + (first + i) % NETS;
            try (ServerSocket probe = new ServerSocket()) {
                probe.bind(new InetSocketAddress(address(net, 1, 2), CONTROL));
                return net;
            } catch (IOException e) {
                continue; // the next one
            }
        }
        throw new UserError("no loopback addresses are free: scenarios over sockets want 127.N.0.0/16 with ports "
                + CONTROL + " and " + DATA);
    }

    private static InetAddress address(int net, int third, int fourth) {
        try {
            return InetAddress.getByAddress(new byte[] {127, (byte) net, (byte) third, (byte) fourth});
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are an address", e);
        }
    }

    /** One more node, with proxies to and from all others. Their links have to be known. */
    public void add(String node) {
        if (nodes.size() == MOST_NODES) {
            throw new UserError("scenarios over sockets have at most " + MOST_NODES + " nodes");
        }
        nodes.add(node);
        for (String other : nodes.subList(0, nodes.size() - 1)) {
            proxied(node, other);
            proxied(other, node);
        }
        nodes.forEach(this::write);
    }

    private void proxied(String from, String to) {
        for (Plane plane : Plane.values()) {
            int port = plane == Plane.CONTROL ? CONTROL : DATA;
            proxies.proxy(
                    new Pair(from, to),
                    plane,
                    new InetSocketAddress(address(net, number(from), number(to)), port),
                    new InetSocketAddress(address(net, 0, number(to)), port));
        }
    }

    private int number(String node) {
        return nodes.indexOf(node) + 1;
    }

    /** What is read again at each look-up, so that nodes may come. */
    public Path hosts(String node) {
        return folder.resolve(node + ".hosts");
    }

    private void write(String node) {
        StringBuilder text = new StringBuilder("127.0.0.1 localhost\n");
        for (String other : nodes) {
            int third = other.equals(node) ? 0 : number(node);
            text.append(address(net, third, number(other)).getHostAddress())
                    .append(' ')
                    .append(other)
                    .append('\n');
        }
        try {
            Path fresh = folder.resolve(node + ".hosts.new");
            Files.writeString(fresh, text);
            Files.move(
                    fresh,
                    hosts(node),
                    java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("the names of the nodes cannot be written", e);
        }
    }

    /** The control address by which a node is called. */
    public static String seed(String node) {
        return node + ":" + CONTROL;
    }

    /** Settings of every node. */
    public static String ports() {
        return "control.port = " + CONTROL + ", data.port = " + DATA + ", http.port = 0";
    }
}
