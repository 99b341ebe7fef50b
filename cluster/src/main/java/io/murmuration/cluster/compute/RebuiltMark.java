package io.murmuration.cluster.compute;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.StagePlan;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.TreeMap;

/**
 * At which version a stage was last rebuilt from its neighbours. Since then its optimiser counts its steps from one, for its
 * state began at zero, and its learning rate is {@link #FASTER} times that of the others (CheckFree, arXiv 2506.15461).
 *
 * <p>The mark is part of the stage's state, two numbers behind the optimiser's vectors, so that replicas agree on it by digest,
 * joiners and checkpoints have it, and no order has to carry it. Only runs that may rebuild a stage have it.
 */
final class RebuiltMark {

    /** Of the learning rate, however often a stage is rebuilt: as in the authors' program, it does not add up. */
    static final double FASTER = 1.1;

    /** Begins the names of a checkpoint's settings that hold the mark of a layer. */
    private static final String SETTING = "rebuilt.layer.";

    /** A version in two parts: fp32 has integers exactly to 2^24. */
    static final int NUMBERS = 2;

    private static final long BASE = 1 << 24;

    private final Floats numbers;

    private RebuiltMark(Floats numbers) {
        this.numbers = numbers;
    }

    /** Never rebuilt. */
    static RebuiltMark allocate(Arena arena) {
        return new RebuiltMark(Floats.allocate(arena, NUMBERS));
    }

    /** As part of a state. */
    Floats numbers() {
        return numbers;
    }

    /** 0: never; no stage is rebuilt before its first step. */
    long version() {
        return (long) numbers.get(0) * BASE + (long) numbers.get(1);
    }

    void set(long version) {
        numbers.set(0, version / BASE);
        numbers.set(1, version % BASE);
    }

    /** Notes the mark of a stage in a checkpoint's settings, layer by layer: who reads it may have other stages. */
    static Map<String, String> noted(StagePlan.Slice slice, RebuiltMark mark) {
        Map<String, String> noted = new TreeMap<>();
        if (mark.version() > 0) {
            for (int layer = slice.firstLayer(); layer < slice.firstLayer() + slice.layers(); layer++) {
                noted.put(SETTING + layer, Long.toString(mark.version()));
            }
        }
        return noted;
    }

    /**
     * What a checkpoint notes of a stage. A stage that was put together from layers with different marks has none: the older
     * state would be taken for fresh, and its first steps be far too long.
     */
    void read(Map<String, String> settings, StagePlan.Slice slice) {
        String first = settings.getOrDefault(SETTING + slice.firstLayer(), "0");
        boolean same = true;
        for (int layer = slice.firstLayer(); layer < slice.firstLayer() + slice.layers(); layer++) {
            same &= settings.getOrDefault(SETTING + layer, "0").equals(first);
        }
        set(same ? Long.parseLong(first) : 0);
    }
}
