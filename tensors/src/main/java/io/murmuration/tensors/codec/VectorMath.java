package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Number by number over long vectors, each operation rounded once, in blocks that stay in the first-level cache. */
final class VectorMath {

    private record Scratch(float[] one, float[] two) {
        Scratch() {
            this(new float[Blocks.LENGTH], new float[Blocks.LENGTH]);
        }
    }

    private VectorMath() {}

    private static void load(Floats source, long at, float[] block, int count) {
        MemorySegment.copy(source.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, block, 0, count);
    }

    static void store(float[] block, int count, Floats target, long at) {
        MemorySegment.copy(block, 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
    }

    /** {@code out := state * decay + input * scale}. */
    static void decayAndAdd(Floats state, float decay, Floats input, float scale, Floats out, Workers workers) {
        Blocks.run(workers, out.length(), Scratch::new, (scratch, at, count) -> {
            load(state, at, scratch.one, count);
            load(input, at, scratch.two, count);
            decayAndAdd(scratch.one, decay, scratch.two, scale, count);
            store(scratch.one, count, out, at);
        });
    }

    private static void decayAndAdd(float[] state, float decay, float[] input, float scale, int count) {
        for (int i = 0; i < count; i++) {
            state[i] = state[i] * decay + input[i] * scale;
        }
    }
}
