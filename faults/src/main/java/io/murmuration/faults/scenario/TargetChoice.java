package io.murmuration.faults.scenario;

import io.murmuration.tensors.reduce.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Chooses whom an event befalls. Chance gives every node a place in a queue of its own for each occurrence of each event,
 * from the seed alone (rendezvous hashing): who else is up or down changes who is drawn only where it must.
 */
public final class TargetChoice {

    private TargetChoice() {}

    /**
     * The nodes, in the view's order; fewer than {@code random} asks for, or none, if no more qualify now.
     *
     * @param event {@link ScenarioEvent#index}
     * @param occurrence how often that event has happened before
     */
    public static List<String> choose(Target target, long seed, int event, long occurrence, SwarmView view) {
        List<String> qualified = view.nodes().stream()
                .filter(SwarmView.Node::up)
                .filter(node -> target.filters().stream().allMatch(filter -> applies(filter, node, view)))
                .map(SwarmView.Node::name)
                .toList();
        if (target.random().isEmpty()) {
            return qualified;
        }
        List<String> queue = new ArrayList<>(qualified);
        queue.sort(Comparator.<String, byte[]>comparing(
                        name -> place(seed, event, occurrence, name), Arrays::compareUnsigned)
                .thenComparing(Comparator.naturalOrder()));
        List<String> drawn = queue.subList(0, Math.min(target.random().getAsInt(), queue.size()));
        return qualified.stream().filter(drawn::contains).toList();
    }

    /** The nodes of one side of a cut, those that are down included: they may come up while it lasts. */
    public static List<String> side(Side side, SwarmView view) {
        return view.nodes().stream()
                .filter(node -> side.anyOf().stream().anyMatch(filter -> applies(filter, node, view)))
                .map(SwarmView.Node::name)
                .toList();
    }

    /** The nodes of one side of a cut that are there from the start. */
    public static List<String> atStart(Side side, List<NodeGroup> groups) {
        return side(side, atRest(groups.stream().flatMap(group -> group.initial().stream()
                .map(name -> new SwarmView.Node(name, group, true)))));
    }

    private static boolean applies(Target.Filter filter, SwarmView.Node node, SwarmView view) {
        return switch (filter) {
            case Target.Named named -> named.nodes().contains(node.name());
            case Target.OfGroup(String group) -> node.group().name().equals(group);
            case Target.InRegion(String region) -> node.group().region().equals(region);
            case Target.WithRole(NodeRole role) -> node.group().roles().contains(role);
            case Target.OfStage(int stage) -> view.stage(node.name()).stream().anyMatch(held -> held == stage);
            case Target.Moment moment ->
                switch (moment) {
                    case COORDINATOR_LEADER -> view.leader().stream().anyMatch(node.name()::equals);
                    case DONOR -> view.donors().contains(node.name());
                    case JOINER -> view.joiners().contains(node.name());
                    case ALL -> true;
                };
        };
    }

    private static byte[] place(long seed, int event, long occurrence, String node) {
        byte[] name = node.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + Long.BYTES + name.length)
                .putLong(seed)
                .putInt(event)
                .putLong(occurrence)
                .put(name);
        return Digest.sha256().digest(bytes.array());
    }

    /** Where it matters only which nodes a file names: nobody leads, sends or receives yet. */
    static SwarmView atRest(Stream<SwarmView.Node> nodes) {
        List<SwarmView.Node> all = nodes.toList();
        return new SwarmView() {
            @Override
            public List<Node> nodes() {
                return all;
            }

            @Override
            public OptionalInt stage(String node) {
                return OptionalInt.empty();
            }

            @Override
            public Optional<String> leader() {
                return Optional.empty();
            }

            @Override
            public List<String> donors() {
                return List.of();
            }

            @Override
            public List<String> joiners() {
                return List.of();
            }
        };
    }
}
