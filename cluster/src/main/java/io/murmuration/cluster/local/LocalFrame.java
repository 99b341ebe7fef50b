package io.murmuration.cluster.local;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/**
 * The cluster at one moment.
 *
 * @param best what the node says that knows of the newest step
 * @param wireBytes of tensors that all nodes have sent since the start, as far as they were seen to
 */
record LocalFrame(Optional<JsonNode> best, List<Row> rows, long wireBytes) {

    /**
     * A node.
     *
     * @param stages of its shards
     */
    record Row(String name, String roles, String state, List<Integer> stages, Optional<Long> pid) {

        Row {
            stages = List.copyOf(stages);
        }
    }

    LocalFrame {
        rows = List.copyOf(rows);
    }
}
