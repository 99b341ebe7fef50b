package io.murmuration.tensors.model;

import java.util.ArrayList;
import java.util.List;

/**
 * Which layers live in which stage. Layers are spread as evenly as whole layers allow; what is left over goes to the
 * middle, because the first stage also embeds and the last also computes the loss.
 */
public record StagePlan(List<Slice> slices) {

    /**
     * A contiguous run of layers.
     *
     * @param stage number of the stage, from 0
     * @param stages number of stages in the plan
     * @param firstLayer global number of the first layer
     * @param layers number of layers, at least 1
     */
    public record Slice(int stage, int stages, int firstLayer, int layers) {
        /** Holds the token embedding and takes token ids. */
        public boolean first() {
            return stage == 0;
        }

        /** Holds the final norm and the head and computes the loss. */
        public boolean last() {
            return stage == stages - 1;
        }
    }

    public StagePlan {
        slices = List.copyOf(slices);
    }

    /** @throws IllegalArgumentException if a stage would have no layer */
    public static StagePlan of(int layers, int stages) {
        if (stages < 1 || stages > layers) {
            throw new IllegalArgumentException(
                    "a model of " + layers + " layers can be cut in 1 to " + layers + " stages, not " + stages);
        }
        int left = layers % stages;
        int firstWithOneMore = (stages - left) / 2;
        List<Slice> slices = new ArrayList<>();
        int firstLayer = 0;
        for (int stage = 0; stage < stages; stage++) {
            boolean oneMore = stage >= firstWithOneMore && stage < firstWithOneMore + left;
            int count = layers / stages + (oneMore ? 1 : 0);
            slices.add(new Slice(stage, stages, firstLayer, count));
            firstLayer += count;
        }
        return new StagePlan(slices);
    }

    public int stages() {
        return slices.size();
    }

    public Slice slice(int stage) {
        return slices.get(stage);
    }
}
