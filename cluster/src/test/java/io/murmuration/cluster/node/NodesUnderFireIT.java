package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;

/** One step after the other: whatever befalls the nodes, every step is what it would have been. */
final class NodesUnderFireIT extends NodesUnderFire {

    NodesUnderFireIT() {
        super("");
    }

    /**
     * A microbatch that is counted twice or not at all changes the norm of that step's gradient by some percent, and the
     * losses of all steps after it; another order of summation by 1e-8.
     */
    @Override
    void compare(JsonNode step, JsonNode alone) {
        double ratio = step.path("gradientNorm").asDouble()
                / alone.path("gradientNorm").asDouble();
        assertThat(ratio).as("%s, alone %s", step, alone).isCloseTo(1, offset(1e-4));
        if (step.path("loss").isNumber()) {
            assertThat(step.path("loss").asDouble())
                    .as("%s, alone %s", step, alone)
                    .isCloseTo(alone.path("loss").asDouble(), offset(1e-4));
        }
    }
}
