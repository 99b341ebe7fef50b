package io.murmuration.cluster.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.murmuration.cluster.node.NodeProcesses.Running;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * A cluster of node processes on loopback that train {@code nano}: starts them, sends them signals, and follows what they tell
 * in their files of events. Nodes 1 to 3 ("n1" ...) coordinate, and are the seeds.
 */
final class ProcessSwarm implements AutoCloseable {

    /** In a step. */
    static final int MICROBATCHES = 16;

    static final int COORDINATORS = 3;

    /** Detection as configured: silence, stability, margin; heartbeats come every second. */
    static final Duration REMOVAL = Duration.ofSeconds(1 + 4 + 3 + 1);

    /** Nobody writes to that file: see {@link SlowDevice}. */
    private static final List<String> SLOW = List.of("-D" + NodeWatch.PROPERTY + "=slow");

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** A line of a node's file of events. */
    record Told(String node, long time, String event, JsonNode line) {

        String text(String field) {
            return line.path(field).asText();
        }

        long number(String field) {
            return line.path(field).asLong();
        }

        boolean is(String name) {
            return event.equals(name);
        }

        /** Whether it is about a member that lives on this node. */
        boolean of(String name) {
            return text("member").startsWith(name + ":");
        }

        /** Whether it is about one of the shards of this node. */
        boolean ofShard(String name) {
            return text("member").startsWith(name + ":shard");
        }
    }

    private final Path folder;
    private final NodeProcesses processes;
    private final Map<String, Running> running = new TreeMap<>();
    private final Map<String, Integer> starts = new TreeMap<>();
    private final Map<String, List<String>> own = new TreeMap<>();
    /** Nodes that were told to end, one way or the other. */
    private final Set<String> ending = new TreeSet<>();

    private final Map<String, Long> read = new LinkedHashMap<>();
    private final List<Told> told = new ArrayList<>();
    private final int[] ports = new int[COORDINATORS];

    /** @param more settings of the run, HOCON */
    ProcessSwarm(Path folder, String more) throws IOException {
        this.folder = folder;
        this.processes = new NodeProcesses(folder);
        Arrays.setAll(ports, index -> NodesInOneProcess.freePort());
        String seeds = Arrays.stream(ports)
                .mapToObj(port -> "\"127.0.0.1:" + port + "\"")
                .collect(Collectors.joining(", "));
        Files.writeString(folder.resolve("node.conf"), """
                murmuration {
                  %s
                  steps = 100000
                  model.preset = nano
                  batch { sequences = %d, microbatch = 1 }
                  optimiser { schedule = constant, warm-up = 0.0001 }
                  wire { activations = fp32, averaging = fp32 }
                  compute { backend = java, threads = 1 }
                  validation { windows = 8, every = 0 }
                  checkpoint.every = 10
                  limits {
                    control-retry = 500ms
                    # A step of nano takes some hundred milliseconds.
                    deadline-floor = 2s
                    promise-wait = 5s
                    gather-wait = 40s
                    leave-wait = 20s
                  }
                  node {
                    seeds = [%s]
                    coordinators = %d
                    control { host = "127.0.0.1", port = 0 }
                    data { host = "127.0.0.1", port = 0 }
                    http.port = 0
                    join-retry = 500ms
                    announce-retry = 500ms
                    rejoin-pause = 1s
                    detection { heartbeat-pause = 4s, stable-after = 3s, removal-margin = 1s }
                  }
                }
                """.formatted(more, MICROBATCHES, seeds, COORDINATORS));
    }

    /** Settings that one node has in all its lives to come, as {@code KEY=VALUE}. */
    void set(String name, String... settings) {
        own.put(name, List.of(settings));
    }

    /** Starts nodes, in this order, that are not there. */
    void start(String... names) throws IOException {
        for (String name : names) {
            if (isRunning(name)) {
                continue;
            }
            int number = Integer.parseInt(name.substring(1));
            List<String> arguments = new ArrayList<>(
                    List.of("node", "--config", folder.resolve("node.conf").toString(), "--set", "node.name=" + name));
            if (number <= COORDINATORS) {
                arguments.addAll(List.of(
                        "--set",
                        "node.roles=coordinator,trainer,shard",
                        "--set",
                        "node.control.port=" + ports[number - 1]));
            } else {
                arguments.addAll(List.of("--set", "node.roles=shard"));
            }
            own.getOrDefault(name, List.of()).forEach(setting -> arguments.addAll(List.of("--set", setting)));
            int start = starts.merge(name, 1, Integer::sum);
            running.put(name, processes.start(name + "-" + start, SLOW, arguments));
            ending.remove(name);
        }
    }

    boolean isRunning(String name) {
        return running.containsKey(name) && running.get(name).process().isAlive();
    }

    Running process(String name) {
        return running.get(name);
    }

    /** The log of a node, over all its lives. */
    String log(String name) throws IOException {
        return Files.readString(folder.resolve("nodes").resolve(name).resolve("node.log"));
    }

    /** SIGKILL, all at once; then they are gone, and may be started again. */
    void kill(String... names) {
        ending.addAll(List.of(names));
        Arrays.stream(names).forEach(name -> running.get(name).process().destroyForcibly());
        // All at once, and then until they are gone: who is still there would not be started again.
        Arrays.stream(names).forEach(name -> running.get(name)
                .process()
                .onExit()
                .orTimeout(10, TimeUnit.SECONDS)
                .join());
    }

    /** Nothing that is waited for comes from a node that has ended by itself. */
    private void requireAlive() {
        running.forEach((name, node) -> {
            if (!node.process().isAlive() && !ending.contains(name)) {
                throw new AssertionError("node " + name + " ended by itself with exit code "
                        + node.process().exitValue() + ":\n" + node.all());
            }
        });
    }

    /** Sends one signal to several at once. */
    void signal(String signal, String... names) throws IOException, InterruptedException {
        if (signal.equals("TERM")) {
            ending.addAll(List.of(names));
        }
        List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
        Arrays.stream(names)
                .map(name -> String.valueOf(running.get(name).process().pid()))
                .forEach(command::add);
        if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
            throw new AssertionError(command + " failed");
        }
    }

    /** Everything that was told so far, by time. */
    List<Told> told() {
        if (!Files.exists(folder.resolve("nodes"))) {
            return List.of();
        }
        try (var nodes = Files.list(folder.resolve("nodes"))) {
            nodes.sorted().forEach(this::readOn);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        told.sort(Comparator.comparingLong(Told::time));
        return List.copyOf(told);
    }

    private void readOn(Path node) {
        Path file = node.resolve(EventFile.NAME);
        if (!Files.exists(file)) {
            return;
        }
        try (var channel = Files.newByteChannel(file)) {
            long from = read.getOrDefault(node.toString(), 0L);
            var bytes = java.nio.ByteBuffer.allocate(Math.toIntExact(channel.size() - from));
            channel.position(from);
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
            String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
            String whole = text.substring(0, text.lastIndexOf('\n') + 1);
            read.put(node.toString(), from + whole.getBytes(StandardCharsets.UTF_8).length);
            for (String line : whole.split("\n")) {
                parse(line).ifPresent(told::add);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A line that was cut by SIGKILL is none. */
    private static Optional<Told> parse(String line) {
        try {
            JsonNode event = MAPPER.readTree(line);
            return event.isObject()
                    ? Optional.of(new Told(
                            event.path("node").asText(),
                            event.path("time").asLong(),
                            event.path("event").asText(),
                            event))
                    : Optional.empty();
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            return Optional.empty();
        }
    }

    List<Told> since(long time, Predicate<Told> which) {
        return told().stream()
                .filter(line -> line.time() >= time && which.test(line))
                .toList();
    }

    /** The first such event at or after a time; fails with what was told if it does not come. */
    Told await(String what, long since, Duration most, Predicate<Told> which) throws InterruptedException {
        return awaitCount(what, since, 1, most, which);
    }

    /** The last of the first {@code count} such events. */
    Told awaitCount(String what, long since, int count, Duration most, Predicate<Told> which)
            throws InterruptedException {
        long deadline = System.nanoTime() + most.toNanos();
        while (true) {
            List<Told> found = since(since, which);
            if (found.size() >= count) {
                return found.get(count - 1);
            }
            requireAlive();
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("no " + what + " within " + most + ", " + found.size() + " of " + count
                        + "; told since then:\n" + story(since));
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** Whether such an event comes within some time after {@code since}. */
    boolean within(Duration most, long since, Predicate<Told> which) throws InterruptedException {
        while (since(since, which).isEmpty()) {
            if (System.currentTimeMillis() > since + most.toMillis()) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        return true;
    }

    /** The node whose coordinator committed last. */
    String leader() {
        return told().stream()
                .filter(line -> line.is("stepCommitted"))
                .reduce((before, last) -> last)
                .orElseThrow()
                .node();
    }

    /** Waits until this many shards take part in a step that was begun after {@code since}. */
    Told awaitShards(long since, int shards, Duration most) throws InterruptedException {
        return await(
                shards + " shards", since, most, line -> line.is("stepCommitted") && line.number("shards") == shards);
    }

    /**
     * The first steps of the same run as one process does them alone, with two shards and nothing that befalls it: what
     * {@code train} writes for each. The nodes are gone by then.
     *
     * @param most how long it may take; then those count that are there
     */
    List<JsonNode> alone(int steps, Duration most) throws IOException, InterruptedException {
        kill(running.keySet().toArray(String[]::new));
        Path out = folder.resolve("alone");
        Running train = processes.start(
                "alone",
                List.of(
                        "train",
                        "--config",
                        folder.resolve("node.conf").toString(),
                        "--set",
                        "swarm.stages=1",
                        "--set",
                        "swarm.replicas=2",
                        "--set",
                        "compute.threads=2",
                        "--set",
                        "swarm.trainers=1",
                        "--out",
                        out.toString()));
        long deadline = System.nanoTime() + most.toNanos();
        while (true) {
            List<JsonNode> done = new ArrayList<>();
            Path metrics = out.resolve("metrics.jsonl");
            if (Files.exists(metrics)) {
                for (String line : Files.readAllLines(metrics)) {
                    parse(line).filter(told -> told.is("step")).ifPresent(told -> done.add(told.line()));
                }
            }
            if (done.size() >= steps || System.nanoTime() - deadline > 0) {
                train.process().destroyForcibly();
                return done.subList(0, Math.min(done.size(), steps));
            }
            if (!train.process().isAlive()) {
                throw new AssertionError(done.size() + " of " + steps + " steps within " + most + ":\n" + train.all());
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    /** What happened, but not the steps. */
    String story(long since) {
        Set<String> plenty = Set.of("applied", "sentAgain", "stepCommitted");
        String events = since(since, line -> !plenty.contains(line.event())).stream()
                .map(line -> line.time() - since + " ms " + line.line())
                .collect(Collectors.joining("\n"));
        return events.length() > 20_000 ? "..." + events.substring(events.length() - 20_000) : events;
    }

    @Override
    public void close() {
        processes.close();
    }
}
