package io.murmuration.faults.byhand;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.local.LocalFaults;
import io.murmuration.faults.injection.LinkProxies;
import io.murmuration.faults.simulation.world.Healing;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Network;
import io.murmuration.faults.simulation.world.Pair;
import io.murmuration.faults.sockets.Addresses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Faults by hand in a cluster of processes on this machine: a proxy on the way from each node to each, signals, and a port at
 * which {@code bin/murmuration inject} asks for them. On the cluster's thread.
 */
public final class HandFaults implements LocalFaults {

    private static final Logger LOG = LoggerFactory.getLogger(HandFaults.class);

    private static final String HOSTS = "hosts";

    /** Named in {@code META-INF/services}. */
    public static final class OfNodes implements LocalFaults.Provider {
        @Override
        public LocalFaults between(List<String> nodes, Path folder, long seed, Consumer<String> told) {
            return new HandFaults(nodes, folder, seed, told);
        }
    }

    /**
     * A fault in force.
     *
     * @param until its end, on the monotonic clock; empty: until everything is healed
     * @param healing ends it, but for a death
     */
    private record Lasting(Injection what, Optional<Long> until, Healing healing) {

        boolean due() {
            return until.isPresent() && System.nanoTime() - until.get() >= 0;
        }

        boolean is(Fault fault, String node) {
            return what.fault() == fault && what.node().equals(Optional.of(node));
        }
    }

    private final List<String> names;
    private final Path folder;
    private final Consumer<String> told;
    private final LinkProxies proxies;
    private final Addresses addresses;
    private final ControlPort port;
    private final List<Lasting> lasting = new ArrayList<>();

    private HandFaults(List<String> nodes, Path folder, long seed, Consumer<String> told) {
        this.names = List.copyOf(nodes);
        this.folder = folder;
        this.told = told;
        try {
            Files.createDirectory(folder.resolve(HOSTS));
        } catch (IOException e) {
            throw new UserError("cannot write to " + folder + ": " + e.getMessage(), e);
        }
        this.proxies = LinkProxies.start(seed);
        try {
            for (Pair pair : Network.oneWay(names, names)) {
                proxies.link(pair, LinkModel.IDEAL);
            }
            this.addresses = new Addresses(folder.resolve(HOSTS), proxies);
            names.forEach(addresses::add);
            this.port = opened();
        } catch (RuntimeException e) {
            proxies.close();
            throw e;
        }
    }

    private ControlPort opened() {
        ControlPort opened = ControlPort.open();
        try {
            opened.door().write(folder);
            return opened;
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    @Override
    public Place place(String node) {
        return new Place(
                node,
                Addresses.CONTROL,
                Addresses.DATA,
                List.of("-Djdk.net.hosts.file=" + addresses.hosts(node).toAbsolutePath()));
    }

    @Override
    public void listening(String node, boolean listens) {
        proxies.listening(node, listens);
    }

    @Override
    public void turn(Nodes nodes) {
        for (Optional<ControlPort.Wanted> next = port.next(); next.isPresent(); next = port.next()) {
            Injection injection = next.get().injection();
            try {
                inject(injection, nodes);
                told.accept(injection.announced());
                next.get().done().complete(injection.announced());
            } catch (UserError | IllegalStateException e) {
                next.get().done().completeExceptionally(e);
            }
        }
        lasting.stream().filter(Lasting::due).toList().forEach(fault -> end(fault, nodes));
    }

    private void inject(Injection injection, Nodes nodes) {
        injection.node().ifPresent(this::known);
        injection.peers().forEach(this::known);
        if (injection.fault() == Fault.HEAL) {
            List.copyOf(lasting).forEach(fault -> end(fault, nodes));
            return;
        }
        Healing healing = begin(injection, injection.node().orElseThrow(), nodes);
        if (injection.fault().lasts()) {
            Optional<Long> until = injection.lasts().map(time -> System.nanoTime() + time.toNanos());
            lasting.add(new Lasting(injection, until, healing));
        }
    }

    private void known(String node) {
        if (!names.contains(node)) {
            throw new UserError("no node is called " + node + "; there are " + names);
        }
    }

    private Healing begin(Injection injection, String node, Nodes nodes) {
        return switch (injection.fault()) {
            case KILL -> {
                running(node, nodes);
                nodes.kill(node);
                yield () -> {};
            }
            case LEAVE -> {
                running(node, nodes);
                nodes.leave(node);
                yield () -> {};
            }
            case PAUSE -> {
                if (lasting.stream().anyMatch(fault -> fault.is(Fault.PAUSE, node))) {
                    throw new UserError(node + " is frozen already");
                }
                yield Frozen.hold(running(node, nodes))::close;
            }
            case LINK -> proxies.change(pairs(injection, node), injection.link()::on);
            case PARTITION, BLACK_HOLE, REJECT, RESET, ONE_WAY ->
                proxies.cut(pairs(injection, node), injection.fault().block().orElseThrow());
            case HEAL -> throw new IllegalStateException("healing is no fault");
        };
    }

    private static long running(String node, Nodes nodes) {
        return nodes.pid(node).orElseThrow(() -> new UserError(node + " does not run at this moment"));
    }

    private List<Pair> pairs(Injection injection, String node) {
        List<String> others = injection.peers().isEmpty() ? names : injection.peers();
        return injection.fault() == Fault.ONE_WAY
                ? Network.oneWay(List.of(node), others)
                : Network.between(List.of(node), others);
    }

    private void end(Lasting fault, Nodes nodes) {
        lasting.remove(fault);
        fault.healing().heal();
        if (fault.what().fault() == Fault.KILL) {
            nodes.start(fault.what().node().orElseThrow());
        }
        told.accept("over: " + fault.what().text());
    }

    @Override
    public void calm() {
        lasting.forEach(fault -> fault.healing().heal());
        lasting.clear();
    }

    @Override
    public void close() {
        calm();
        port.close();
        proxies.close();
        try {
            Door.remove(folder);
        } catch (IOException e) {
            LOG.warn("the file for bin/murmuration inject stays in {}: {}", folder, e.getMessage());
        }
    }
}
