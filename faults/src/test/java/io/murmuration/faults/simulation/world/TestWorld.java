package io.murmuration.faults.simulation.world;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Route;
import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.NodePath;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A world whose nodes host one peer that notes everything it sees, with the time in milliseconds. */
final class TestWorld {

    /** A frame says how long it is without being it. */
    static DataFrame frame(Member from, Member to, DataFrame.Traffic traffic, int number, long bytes) {
        Payload payload = new Payload(new byte[0], bytes);
        Route route = new Route("run", from, to);
        return traffic == DataFrame.Traffic.BULK
                ? new DataFrame.StateChunk(route, 0, 0, number, payload)
                : new DataFrame.Backward(
                        route,
                        new io.murmuration.actors.protocol.MicrobatchId(
                                io.murmuration.actors.protocol.Purpose.TRAIN, 0, number),
                        1,
                        0.5,
                        payload);
    }

    final EventLoop loop = new EventLoop();
    final SimulatedWorld world;
    final boolean[] answers = {true};
    final List<DataPlane.Delivery> unanswered = new ArrayList<>();
    private final Map<String, List<String>> seen = new TreeMap<>();
    private final Map<String, NodePorts> ports = new LinkedHashMap<>();
    private final Map<String, Role> roles = new LinkedHashMap<>();

    TestWorld(long seed, LinkModels models, WorldSettings settings, List<String> coordinators, List<String> others) {
        this.world = new SimulatedWorld(loop, seed, coordinators, models, settings, frame -> frame.payload()
                .uncompressedBytes());
        world.machines().listen(new Lives());
        coordinators.forEach(node -> add(node, Role.COORDINATOR));
        others.forEach(node -> add(node, Role.SHARD));
    }

    static TestWorld of(LinkModel model, String... nodes) {
        return new TestWorld(
                7,
                (from, to) -> model,
                WorldSettings.DEFAULT,
                List.of(nodes[0]),
                List.of(nodes).subList(1, nodes.length));
    }

    void add(String node, Role role) {
        roles.put(node, role);
        world.add(node);
        world.machines().start(node);
    }

    Member at(String node) {
        Role role = roles.get(node) == Role.COORDINATOR ? Role.COORDINATOR : Role.SHARD;
        return new Member(
                NodePath.peer(node, role), NodePath.incarnation(world.machines().life(node)));
    }

    private final class Lives implements MachineListener {
        @Override
        public void started(String node, long life) {
            NodePorts mine = world.portsOf(node, life);
            ports.put(node, mine);
            Member self = at(node);
            mine.data().attach(self, delivery -> {
                note(node, "frame " + number(delivery.frame()));
                if (answers[0]) {
                    delivery.accept();
                } else {
                    unanswered.add(delivery);
                }
            });
            mine.control().attach(self, envelope -> note(node, "message " + number(envelope)));
            mine.membership().subscribe(self, event -> note(node, event(event)));
            mine.membership().join(self, roles.get(node));
        }

        @Override
        public void stopped(String node, long life, Death death) {
            note(node, "stopped");
        }
    }

    NodePorts ports(String node) {
        return ports.get(node);
    }

    private void note(String node, String what) {
        seen.computeIfAbsent(node, each -> new ArrayList<>()).add(loop.now() / 1_000_000 + " " + what);
    }

    private static long number(DataFrame frame) {
        return switch (frame) {
            case DataFrame.StateChunk chunk -> chunk.index();
            case DataFrame.StateManifest manifest -> manifest.version();
            case DataFrame.Backward backward -> backward.id().index();
            case DataFrame.Forward forward -> forward.id().index();
            case DataFrame.AveragePart part -> part.part();
        };
    }

    private static long number(Envelope envelope) {
        return ((CoordinatorMessage.Kept) envelope.message()).version();
    }

    private static String event(Membership.Event event) {
        String name = event.member().peer().name();
        String who = name.substring(0, name.indexOf(':')) + "#" + NodePath.life(event.member());
        return event.getClass().getSimpleName() + " " + who;
    }

    void offer(String from, String to, int number, long bytes) {
        offer(from, to, DataFrame.Traffic.BACKWARD, number, bytes);
    }

    void offer(String from, String to, DataFrame.Traffic traffic, int number, long bytes) {
        ports.get(from)
                .data()
                .offer(
                        frame(at(from), at(to), traffic, number, bytes),
                        outcome -> note(from, number + " " + text(outcome)));
    }

    private static String text(DataPlane.Outcome outcome) {
        return switch (outcome) {
            case DataPlane.Accepted() -> "accepted";
            case DataPlane.Refused(var refusal) -> "refused " + refusal.reason();
            case DataPlane.Failed(String reason) -> "failed: " + reason;
        };
    }

    void send(String from, String to, long number) {
        ports.get(from).control().send(new Envelope(at(from), at(to), new CoordinatorMessage.Kept(number)));
    }

    /** Does something later, from outside. */
    void at(Duration time, Runnable what) {
        loop.schedule(time.toNanos() - loop.now(), Source.world("test"), what);
    }

    void runUntil(Duration time) {
        loop.run(time.toNanos(), () -> false);
    }

    /** What a node has noted so far: milliseconds and what. */
    List<String> seen(String node) {
        return seen.getOrDefault(node, List.of());
    }

    /** The same, of what travelled over the links only. */
    List<String> traffic(String node) {
        return seen(node).stream()
                .filter(line -> !line.matches("\\d+ (Joined|Removed|Reachable|Unreachable|Leads) .*"))
                .toList();
    }

    List<String> membership(String node) {
        return seen(node).stream()
                .filter(line -> line.matches("\\d+ (Joined|Removed|Reachable|Unreachable|Leads) .*"))
                .toList();
    }
}
