package io.murmuration.cluster.local;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.StopSignal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

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
            String heap,
            String main,
            Optional<Path> config,
            List<String> given) {
        public Options {
            given = List.copyOf(given);
        }
    }

    private final Options options;
    private final Path folder;
    private final LocalScreen screen;
    private final LocalPlan plan;
    private final Duration leaveWait;
    private final List<LocalNode> nodes = new ArrayList<>();
    private final KillChoice choice;
    private final Map<LocalNode, Long> restarts = new LinkedHashMap<>();
    private final Set<LocalNode> ended = new LinkedHashSet<>();
    private final Map<String, Long> sent = new LinkedHashMap<>();
    private Optional<String> over = Optional.empty();
    private long nextKill;
    private long nextShow;

    private LocalCluster(Options options, Path folder, LocalScreen screen, LocalPlan plan, LoadedNode checked) {
        this.options = options;
        this.folder = folder;
        this.screen = screen;
        this.plan = plan;
        this.leaveWait = checked.run().limits().leaveWait();
        this.choice = new KillChoice(
                plan.quorum(),
                options.killAny(),
                new SplittableRandom(checked.run().seed()));
    }

    /**
     * Checks everything, then starts the processes.
     *
     * @param settings what all nodes have in common
     * @param folder of this cluster, there already
     * @throws UserError if a node could not start with these settings
     */
    public static LocalCluster start(Options options, SettingsLoader settings, Path folder, LocalScreen screen) {
        int stages = settings.load().settings().swarm().stages();
        LocalPlan plan = LocalPlan.of(options.nodes(), stages, new FreePorts(new SplittableRandom()));
        Path root = folder.toAbsolutePath();
        List<String> usual = usual(options);
        LoadedNode checked = with(
                        with(settings, usual), plan.settings(plan.nodes().getFirst(), root))
                .loadNode();
        List<String> given = new ArrayList<>(usual);
        given.addAll(options.given());
        LocalCluster cluster = new LocalCluster(options, root, screen, plan, checked);
        NodeCommandLine command = new NodeCommandLine(
                options.main(), options.heap(), options.config().map(Path::toAbsolutePath), given);
        try {
            for (LocalPlan.Planned planned : plan.nodes()) {
                LocalNode node = new LocalNode(planned, command.of(plan.settings(planned, root)), root);
                cluster.nodes.add(node);
                node.start();
            }
            cluster.writeFile();
        } catch (RuntimeException e) {
            cluster.close();
            throw e;
        }
        screen.tell(
                "started",
                plan.nodes().size() + " nodes in " + folder + ", " + plan.stages() + " stages x " + plan.replicas()
                        + " replicas; bin/murmuration status --cluster " + folder + " asks them");
        if (plan.stages() < stages) {
            screen.tell(
                    "notice",
                    "the model is cut into " + plan.stages() + " stages, not " + stages
                            + " (swarm.stages): no more nodes compute");
        }
        return cluster;
    }

    /** What suits nodes that share a machine, where the user says nothing else. */
    private static List<String> usual(Options options) {
        int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / options.nodes());
        List<String> usual = new ArrayList<>();
        // Ctrl-C asks all at once, and nobody can hand over to anybody then.
        Map<String, String> wishes = Map.of("compute.threads", "" + threads, "limits.leave-wait", "5s");
        wishes.forEach((key, value) -> {
            boolean said = options.given().stream()
                    .anyMatch(assignment ->
                            assignment.replaceFirst("^murmuration\\.", "").startsWith(key + "="));
            if (!said && options.config().isEmpty()) {
                usual.add(key + "=" + value);
            }
        });
        return usual;
    }

    private static SettingsLoader with(SettingsLoader settings, List<String> assignments) {
        SettingsLoader result = settings;
        for (String assignment : assignments) {
            result = result.set(assignment, "local");
        }
        return result;
    }

    /** Follows the cluster until the run is over, nobody is left, or {@code stop} is requested; then stops all. */
    public Result run(StopSignal stop) {
        nextKill =
                System.nanoTime() + options.killEvery().map(Duration::toNanos).orElse(0L);
        try {
            while (!stop.requested() && over.isEmpty() && anybodyLeft()) {
                look();
                if (over.isEmpty()) {
                    restartWhoIsDue();
                    killIfDue();
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
            if (node.isAlive() || ended.contains(node) || restarts.containsKey(node)) {
                continue;
            }
            String last = node.lastLine();
            if (node.wasKilled()) {
                restarts.put(node, System.nanoTime() + options.restartAfter().toNanos());
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

    private void restartWhoIsDue() {
        for (LocalNode node : List.copyOf(restarts.keySet())) {
            if (System.nanoTime() - restarts.get(node) >= 0) {
                restarts.remove(node);
                node.start();
                writeFile();
                screen.tell("restarted", node.name() + " is started again");
            }
        }
    }

    private void killIfDue() {
        if (options.killEvery().isEmpty() || System.nanoTime() - nextKill < 0) {
            return;
        }
        // One view for all: what two nodes say at different moments does not add up. Who has just taken over knows of
        // no
        // stages yet, and then nobody can be told to be spare.
        Optional<JsonNode> view = best();
        boolean stagesKnown = nodes.stream().anyMatch(node -> stage(node, view).isPresent());
        List<KillChoice.Candidate> present = nodes.stream()
                .filter(node -> stagesKnown || options.killAny())
                .filter(node -> node.view()
                        .filter(status -> status.path("ready").asBoolean())
                        .isPresent())
                .map(node ->
                        new KillChoice.Candidate(node.name(), node.planned().coordinates(), stage(node, view)))
                .toList();
        Optional<String> chosen = choice.next(present);
        // With nobody to spare it is tried again with the next look.
        if (chosen.isPresent()) {
            nextKill += options.killEvery().get().toNanos();
            nextKill = Math.max(nextKill, System.nanoTime());
            LocalNode victim = nodes.stream()
                    .filter(node -> node.name().equals(chosen.get()))
                    .findFirst()
                    .orElseThrow();
            victim.kill();
            writeFile();
            screen.tell("killed", victim.name() + " is killed (" + roles(victim) + ")");
        }
    }

    /** What the node says that knows of the newest step. */
    private Optional<JsonNode> best() {
        return nodes.stream()
                .flatMap(node -> node.view().stream())
                .max(Comparator.comparingLong(
                                (JsonNode status) -> status.path("term").asLong())
                        .thenComparingLong(status -> status.path("step").asLong()));
    }

    private static OptionalInt stage(LocalNode node, Optional<JsonNode> view) {
        return view.stream()
                .flatMap(status -> StreamSupport.stream(status.path("members").spliterator(), false))
                .filter(member -> member.path("node").asText().equals(node.name())
                        && member.path("stage").isNumber())
                .mapToInt(member -> member.path("stage").asInt())
                .findFirst();
    }

    private void show() {
        if (System.nanoTime() - nextShow < 0) {
            return;
        }
        nextShow = System.nanoTime() + SHOW;
        Optional<JsonNode> best = best();
        List<LocalFrame.Row> rows = new ArrayList<>();
        for (LocalNode node : nodes) {
            node.view().ifPresent(status -> count(node, status));
            String state = node.isAlive()
                    ? node.view()
                            .map(status -> status.path("state").asText())
                            .orElse("does not answer (starting, or busy)")
                    : ended.contains(node) ? "ended" : "dead";
            rows.add(new LocalFrame.Row(node.name(), roles(node), state, stage(node, best), node.pid()));
        }
        screen.show(new LocalFrame(
                best, rows, sent.values().stream().mapToLong(Long::longValue).sum()));
    }

    /** A node counts from zero in every life. */
    private void count(LocalNode node, JsonNode status) {
        JsonNode wire = status.path("wireBytes");
        long bytes = wire.path("forward").asLong()
                + wire.path("backward").asLong()
                + wire.path("bulk").asLong()
                + wire.path("snapshots").asLong();
        sent.merge(node.name() + "@" + status.path("life").asText(), bytes, Math::max);
    }

    private static String roles(LocalNode node) {
        return node.planned().roles().stream()
                .map(role -> role.name().toLowerCase(java.util.Locale.ROOT))
                .collect(Collectors.joining(", "));
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
    }
}
