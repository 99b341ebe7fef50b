package io.murmuration.cluster.local;

import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.StopSignal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Node processes on loopback that train together until the run is over: started, followed, killed and started again when
 * asked, and none of them left behind. They also end when this process does, however it ends, because each watches its
 * standard input. One thread.
 */
public final class LocalCluster implements AutoCloseable {

    private static final long POLL_MILLIS = 100;
    private static final long SHOW = Duration.ofSeconds(1).toNanos();

    /** From the first node that says the run is over to the last: all are told, and each closes what it has. */
    private static final Duration AFTER_THE_RUN = Duration.ofSeconds(30);

    /** Beyond what a node waits for its peers to hand over: leaving the cluster, and closing. */
    private static final Duration CLOSING = Duration.ofSeconds(15);

    private static final String OVER = "the run is ";

    /** How it ended. */
    public enum End {
        /** The run is over. */
        FINISHED,
        /** It was asked to stop. */
        STOPPED,
        FAILED
    }

    /** @param message in one line */
    public record Result(End end, String message) {}

    /**
     * What is started.
     *
     * @param nodes processes
     * @param killEvery pause between two kills; empty: none
     * @param restartAfter how long who was killed stays dead
     * @param killAny also whom the cluster cannot do without
     * @param faults whether things can be done to the nodes and their links by hand
     * @param heap most that a node's heap may take, as a JVM flag says it
     * @param main class that every node starts
     * @param config file that the user names
     * @param given what the user sets, as {@code key=value}
     */
    public record Options(
            int nodes,
            Optional<Duration> killEvery,
            Duration restartAfter,
            boolean killAny,
            boolean faults,
            String heap,
            String main,
            Optional<Path> config,
            List<String> given) {
        public Options {
            given = List.copyOf(given);
        }
    }

    private final Path folder;
    private final LocalScreen screen;
    private final LocalPlan plan;
    private final Duration leaveWait;
    private final List<LocalNode> nodes = new ArrayList<>();
    private final LocalView view = new LocalView(nodes);
    private final LocalKills kills;
    private final Optional<LocalFaults> faults;
    private final Hands hands = new Hands();
    private final Set<LocalNode> ended = new LinkedHashSet<>();
    private Optional<String> over = Optional.empty();
    private long nextShow;

    private LocalCluster(LocalSetup setup, Options options, Path folder, LocalScreen screen) {
        this.folder = folder;
        this.screen = screen;
        this.plan = setup.plan();
        this.leaveWait = setup.checked().run().limits().leaveWait();
        this.kills =
                new LocalKills(options, plan.quorum(), setup.checked().run().seed());
        this.faults = setup.faults();
        for (LocalPlan.Planned node : plan.nodes()) {
            nodes.add(new LocalNode(node, setup.command(node), folder));
        }
    }

    /**
     * Checks everything, then starts the processes.
     *
     * @param settings what all nodes have in common
     * @param folder of this cluster, there already
     * @throws UserError if a node could not start with these settings
     */
    public static LocalCluster start(Options options, SettingsLoader settings, Path folder, LocalScreen screen) {
        Path root = folder.toAbsolutePath();
        LocalSetup setup = LocalSetup.of(options, settings, root, line -> screen.tell("injected", line));
        LocalPlan plan = setup.plan();
        LocalCluster cluster = new LocalCluster(setup, options, root, screen);
        try {
            cluster.nodes.forEach(LocalNode::start);
            cluster.writeFile();
        } catch (RuntimeException e) {
            cluster.close();
            throw e;
        }
        screen.tell(
                "started",
                plan.nodes().size() + " nodes in " + folder + ", " + plan.stages() + " stages x " + plan.replicas()
                        + " replicas; bin/murmuration status --cluster " + folder + " asks them");
        if (plan.stages() < setup.stages()) {
            screen.tell(
                    "notice",
                    "the model is cut into " + plan.stages() + " stages, not " + setup.stages()
                            + " (swarm.stages): no more nodes compute");
        }
        return cluster;
    }

    /** Follows the cluster until the run is over, nobody is left, or {@code stop} is requested; then stops all. */
    public Result run(StopSignal stop) {
        kills.begin();
        try {
            while (!stop.requested() && over.isEmpty() && anybodyLeft()) {
                look();
                if (over.isEmpty()) {
                    killAndRestart();
                    faults.ifPresent(between -> between.turn(hands));
                }
                show();
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
            return over.isPresent() ? finish(over.get()) : stop.requested() ? stopped() : failed();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Result(End.FAILED, "interrupted");
        }
    }

    private boolean anybodyLeft() {
        return ended.size() < nodes.size();
    }

    private void look() {
        for (LocalNode node : nodes) {
            if (node.isAlive() || ended.contains(node) || kills.knows(node)) {
                continue;
            }
            faults.ifPresent(between -> between.listening(node.name(), false));
            String last = node.lastLine();
            if (node.wasKilled()) {
                kills.ended(node);
            } else if (node.exitCode() == 0 && last.startsWith(OVER)) {
                ended.add(node);
                over = Optional.of(last);
            } else {
                ended.add(node);
                boolean went = node.exitCode() == 0;
                screen.tell(
                        "ended",
                        went
                                ? last
                                : node.name() + " ended with exit code " + node.exitCode() + ": " + node.lastError());
                writeFile();
            }
        }
    }

    private void killAndRestart() {
        for (LocalNode node : kills.due()) {
            begin(node);
            screen.tell("restarted", node.name() + " is started again");
        }
        kills.victim(nodes, view).ifPresent(victim -> {
            end(victim);
            screen.tell("killed", victim.name() + " is killed (" + LocalView.roles(victim) + ")");
        });
    }

    private void begin(LocalNode node) {
        faults.ifPresent(between -> between.listening(node.name(), true));
        node.start();
        writeFile();
    }

    private void end(LocalNode node) {
        node.kill();
        faults.ifPresent(between -> between.listening(node.name(), false));
        writeFile();
    }

    private void show() {
        if (System.nanoTime() - nextShow >= 0) {
            nextShow = System.nanoTime() + SHOW;
            screen.show(view.frame(ended::contains));
        }
    }

    /** What may be done to the nodes by hand. */
    private final class Hands implements LocalFaults.Nodes {
        private LocalNode node(String name) {
            return nodes.stream()
                    .filter(node -> node.name().equals(name))
                    .findFirst()
                    .orElseThrow();
        }

        @Override
        public Optional<Long> pid(String name) {
            return node(name).pid();
        }

        @Override
        public void kill(String name) {
            kills.hold(node(name));
            end(node(name));
        }

        @Override
        public void start(String name) {
            if (kills.release(node(name))) {
                begin(node(name));
            }
        }

        @Override
        public void leave(String name) {
            node(name).askToGo();
        }
    }

    private Result finish(String line) throws InterruptedException {
        long deadline = System.nanoTime() + AFTER_THE_RUN.toNanos();
        for (LocalNode node : nodes) {
            // Who has just come back may have nobody left to ask.
            if (!node.ended(deadline)) {
                screen.tell("notice", node.name() + " has not heard that the run is over, and is stopped");
            }
        }
        stopAll();
        return new Result(End.FINISHED, line);
    }

    private Result stopped() throws InterruptedException {
        screen.tell("stopping", "all nodes are asked to leave");
        stopAll();
        return new Result(End.STOPPED, "all nodes have ended; " + folder + " holds what they have written");
    }

    private Result failed() {
        String last = nodes.stream()
                .filter(node -> !node.lastError().isEmpty())
                .map(node -> node.name() + ": " + node.lastError())
                .findFirst()
                .orElse("no node says why");
        return new Result(End.FAILED, "no node is left, and the run is not over: " + last);
    }

    private void stopAll() throws InterruptedException {
        faults.ifPresent(LocalFaults::calm);
        nodes.forEach(LocalNode::askToGo);
        long deadline = System.nanoTime() + leaveWait.plus(CLOSING).toNanos();
        for (LocalNode node : nodes) {
            if (!node.ended(deadline)) {
                screen.tell("notice", node.name() + " does not end by itself and is killed");
                node.kill();
                node.ended(System.nanoTime() + CLOSING.toNanos());
            }
        }
        writeFile();
    }

    private void writeFile() {
        Map<String, Long> pids = new LinkedHashMap<>();
        nodes.forEach(node -> node.pid().ifPresent(pid -> pids.put(node.name(), pid)));
        ClusterFile.write(folder, plan, pids);
    }

    /** Whoever is left is killed. */
    @Override
    public void close() {
        nodes.forEach(LocalNode::close);
        faults.ifPresent(LocalFaults::close);
    }
}
