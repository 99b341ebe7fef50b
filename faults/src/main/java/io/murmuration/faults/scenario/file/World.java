package io.murmuration.faults.scenario.file;

import io.murmuration.cluster.config.Nearest;
import io.murmuration.faults.scenario.NodeGroup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What events of a scenario may refer to.
 *
 * @param stages slices of the model
 * @param folder where files that a scenario names are
 */
record World(List<NodeGroup> groups, int stages, Optional<Duration> duration, Optional<Long> steps, Path folder) {

    List<String> groupNames() {
        return groups.stream().map(NodeGroup::name).toList();
    }

    List<String> regions() {
        return groups.stream().map(NodeGroup::region).distinct().toList();
    }

    Optional<NodeGroup> group(String name) {
        return groups.stream().filter(group -> group.name().equals(name)).findFirst();
    }

    /** The group of a node, also of one that joins later. */
    Optional<NodeGroup> groupOf(String node) {
        return groups.stream().filter(group -> group.number(node).isPresent()).findFirst();
    }

    boolean isNode(String name) {
        return groupOf(name).isPresent();
    }

    /** The nearest name of a node or group, as the end of a message. */
    String near(String word) {
        List<String> known = new ArrayList<>(groupNames());
        known.addAll(regions());
        groups.forEach(group -> Stream.of(1, group.count()).map(group::node).forEach(known::add));
        return Nearest.of(word, known).map(near -> "; the nearest is " + near).orElse("");
    }
}
