package io.murmuration.faults.run;

import io.murmuration.cluster.security.KeyMaker;
import io.murmuration.faults.injection.LinkProxies;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Words;
import io.murmuration.faults.simulation.compute.Device;
import io.murmuration.faults.simulation.compute.FolderStorage;
import io.murmuration.faults.simulation.compute.ModelledSetup;
import io.murmuration.faults.simulation.compute.StageCosts;
import io.murmuration.faults.simulation.world.Block;
import io.murmuration.faults.simulation.world.DiskFault;
import io.murmuration.faults.simulation.world.Healing;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Pair;
import io.murmuration.faults.sockets.Addresses;
import io.murmuration.faults.sockets.NodeProcesses;
import io.murmuration.faults.sockets.NodeProcesses.Running;
import io.murmuration.faults.sockets.Pace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** The nodes of a scenario as processes of this machine, with a proxy on the way from each to each. One thread. */
final class SocketSwarm implements Scene, AutoCloseable {

    /** How the pauses of a node's detection are made short enough for a scenario's first seconds, and nothing else. */
    private static final String NODE = """
            murmuration.node {
              %s
              seeds = [%s]
              coordinators = %d
              join-wait = 10m
              join-retry = 200ms
              announce-retry = 200ms
              farewell = 5s
              status-every = 1s
              detection { heartbeat-pause = %d ms, stable-after = %d ms, removal-margin = %d ms }
            }
            murmuration.compute.threads = 1
            """;

    private static final String CONFIG = "nodes.conf";

    private static final Duration VALID = Duration.ofDays(1);

    /** Processes that start at once: more take each other's cores. */
    private static final int AT_ONCE = 3;

    /** How it is found out that a node is gone: the defaults of {@code murmuration.node.detection}. */
    record Detection(Duration heartbeatPause, Duration stableAfter, Duration removalMargin) {}

    static final Detection DETECTION =
            new Detection(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(1));

    private final Scenario scenario;
    private final WallClock clock;
    private final Path folder;
    private final Path config;
    private final boolean tls;
    private final BiConsumer<String, Running> gone;
    private final LinkProxies proxies;
    private final Addresses addresses;
    private final NodeProcesses processes;
    private final Map<String, NodeGroup> groups = new LinkedHashMap<>();
    private final Map<String, Running> up = new LinkedHashMap<>();
    private final List<Running> all = new ArrayList<>();
    private final Map<String, Integer> pauses = new LinkedHashMap<>();
    private final Queue<String> waiting = new ArrayDeque<>();
    private final Set<String> starting = new LinkedHashSet<>();
    private final Map<String, List<Double>> slow = new LinkedHashMap<>();

    /**
     * Nobody runs yet.
     *
     * @param tls whether everything between nodes is encrypted, with certificates for their names
     * @param gone told of each process that has ended, whoever ended it
     */
    SocketSwarm(Scenario scenario, WallClock clock, Path folder, boolean tls, BiConsumer<String, Running> gone) {
        this.scenario = scenario;
        this.clock = clock;
        this.folder = folder;
        this.tls = tls;
        this.gone = gone;
        this.config = folder.resolve(CONFIG);
        try {
            Files.createDirectories(folder);
            Files.writeString(config, scenario.rendered() + "\n" + node(scenario));
        } catch (IOException e) {
            throw new UncheckedIOException("the settings of the nodes cannot be written", e);
        }
        this.proxies = LinkProxies.start(scenario.seed());
        this.addresses = new Addresses(folder, proxies);
        this.processes = new NodeProcesses(folder);
        for (NodeGroup group : scenario.groups()) {
            group.initial().forEach(node -> add(node, group));
        }
    }

    private static String node(Scenario scenario) {
        List<String> coordinators = scenario.initial(NodeRole.COORDINATOR);
        String seeds = coordinators.stream()
                .map(node -> '"' + Addresses.seed(node) + '"')
                .collect(Collectors.joining(", "));
        return NODE.formatted(
                Addresses.ports(),
                seeds,
                coordinators.size(),
                DETECTION.heartbeatPause().toMillis(),
                DETECTION.stableAfter().toMillis(),
                DETECTION.removalMargin().toMillis());
    }

    @Override
    public boolean add(String node, NodeGroup group) {
        if (groups.containsKey(node)) {
            return false;
        }
        groups.forEach((other, there) -> {
            link(node, group, other, there);
            link(other, there, node, group);
        });
        groups.put(node, group);
        addresses.add(node);
        if (tls) {
            // Good for the node's name and for nothing else: who connects has to have come to the right one.
            KeyMaker.make(keys(), new KeyMaker.Wanted(List.of(node), false, VALID), Instant.now());
        }
        return true;
    }

    private void link(String from, NodeGroup fromGroup, String to, NodeGroup toGroup) {
        proxies.link(
                new Pair(from, to), WorldLinks.model(scenario.links().between(fromGroup.region(), toGroup.region())));
    }

    /**
     * Starts nodes a few at a time, and those that can coordinate when all others are ready: a JVM that starts takes a core for
     * seconds, and a cluster that has begun by then would take the slow ones for dead.
     */
    void bootInTurn(List<String> nodes) {
        nodes.stream().filter(node -> !leads(node)).forEach(waiting::add);
        nodes.stream().filter(this::leads).forEach(waiting::add);
    }

    private boolean leads(String node) {
        return groups.get(node).roles().contains(NodeRole.COORDINATOR);
    }

    private void bootNext() {
        starting.removeIf(node -> !isUp(node) || up.get(node).trace().begun());
        while (!waiting.isEmpty() && (starting.isEmpty() || (starting.size() < AT_ONCE && !leads(waiting.element())))) {
            String node = waiting.remove();
            starting.add(node);
            boot(node);
        }
    }

    @Override
    public void boot(String node) {
        if (isUp(node)) {
            return;
        }
        String roles = groups.get(node).roles().stream()
                .filter(role -> role != NodeRole.VERIFIER)
                .map(Words::of)
                .collect(Collectors.joining(","));
        paced(node);
        Running started = processes.start(node, addresses.hosts(node), pace(node), arguments(node, roles));
        up.put(node, started);
        all.add(started);
        proxies.listening(node, true);
    }

    private List<String> arguments(String node, String roles) {
        List<String> settings = new ArrayList<>(List.of("node.name=" + node, "node.roles=" + roles));
        if (tls) {
            settings.add("node.tls.authority=" + keys().resolve(KeyMaker.AUTHORITY + ".pem"));
            settings.add("node.tls.certificate=" + keys().resolve(node + ".pem"));
            settings.add("node.tls.key=" + keys().resolve(node + ".key.pem"));
        }
        List<String> arguments = new ArrayList<>(
                List.of("node", "--config", config.toAbsolutePath().toString()));
        settings.forEach(setting -> arguments.addAll(List.of("--set", setting)));
        return arguments;
    }

    private Path keys() {
        return folder.resolve("keys").toAbsolutePath();
    }

    private Path pace(String node) {
        return folder.resolve(node + ".pace");
    }

    /** A device as slow as the scenario says; faster than this machine it will not be. */
    private void paced(String node) {
        NodeGroup group = groups.get(node);
        double factor = 1 / group.speed();
        for (double slower : slow.getOrDefault(node, List.of())) {
            factor *= slower;
        }
        new Pace(factor, StageCosts.of(ModelledSetup.of(scenario.settings()), Device.USUAL.flops(group.flops())))
                .write(pace(node));
    }

    /** Every process there was, in the order of their starts. */
    List<Running> processes() {
        return List.copyOf(all);
    }

    /** Notices processes that have ended, and starts those whose turn it is. */
    void look() {
        bootNext();
        for (Map.Entry<String, Running> entry : List.copyOf(up.entrySet())) {
            if (!entry.getValue().process().isAlive()) {
                ended(entry.getKey());
            }
        }
    }

    private void ended(String node) {
        Running was = up.remove(node);
        pauses.remove(node);
        proxies.listening(node, false);
        gone.accept(node, was);
    }

    @Override
    public void kill(String node) {
        Running running = up.get(node);
        if (running != null) {
            running.process().destroyForcibly();
            // A frozen process dies too; it takes the kernel moments.
            running.process().onExit().join();
            ended(node);
        }
    }

    @Override
    public void leave(String node) {
        Optional.ofNullable(up.get(node)).ifPresent(running -> running.process().destroy());
    }

    @Override
    public Healing pause(String node) {
        Running running = up.get(node);
        if (running == null) {
            return () -> {};
        }
        if (pauses.merge(node, 1, Integer::sum) == 1) {
            NodeProcesses.frozen(running.process(), true);
        }
        return once(() -> {
            // Whoever was killed meanwhile is another process now.
            if (up.get(node) == running && pauses.merge(node, -1, Integer::sum) == 0) {
                NodeProcesses.frozen(running.process(), false);
            }
        });
    }

    private static Healing once(Runnable action) {
        return new Healing() {
            private boolean healed;

            @Override
            public void heal() {
                if (!healed) {
                    healed = true;
                    action.run();
                }
            }
        };
    }

    /** The checkpoints of a node; none were written where it has never kept any. */
    FolderStorage storage(String node) {
        return new FolderStorage(
                folder.resolve("nodes")
                        .resolve(node)
                        .resolve(scenario.settings().name() + "-"
                                + scenario.settings().seed()),
                scenario.settings().checkpoint().keep());
    }

    @Override
    public Healing disk(String node, DiskFault fault) {
        switch (fault) {
            case BITFLIP -> storage(node).flipBit(scenario.seed());
            case TRUNCATE -> storage(node).truncate();
            case FULL -> throw new IllegalStateException("refused before it began: a full disk");
        }
        return () -> {};
    }

    @Override
    public Healing slow(String node, double factor) {
        slow.computeIfAbsent(node, first -> new ArrayList<>()).add(factor);
        paced(node);
        return once(() -> {
            slow.get(node).remove(factor);
            paced(node);
        });
    }

    @Override
    public Healing skew(String node, Duration by) {
        throw new IllegalStateException("refused before it began: a wrong clock");
    }

    @Override
    public Healing cut(Collection<Pair> pairs, Block block) {
        return proxies.cut(pairs, block);
    }

    @Override
    public Healing change(Collection<Pair> pairs, UnaryOperator<LinkModel> change) {
        return proxies.change(pairs, change);
    }

    @Override
    public void healAll() {
        proxies.healAll();
    }

    @Override
    public long now() {
        return clock.now();
    }

    @Override
    public void schedule(long delayNanos, String what, Runnable action) {
        clock.schedule(delayNanos, action);
    }

    @Override
    public boolean isUp(String node) {
        return up.containsKey(node);
    }

    boolean nobodyIsUp() {
        return up.isEmpty() && waiting.isEmpty();
    }

    @Override
    public List<String> inRegion(String region) {
        return groups.entrySet().stream()
                .filter(entry -> entry.getValue().region().equals(region))
                .map(Map.Entry::getKey)
                .toList();
    }

    List<LinkProxies.Bytes> bytes() {
        return proxies.counts();
    }

    @Override
    public void close() {
        processes.close();
        proxies.close();
    }
}
