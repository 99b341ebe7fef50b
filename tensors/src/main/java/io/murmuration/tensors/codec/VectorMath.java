package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;

/** Number by number over long vectors, each operation rounded once, in blocks that stay in the first-level cache. */
final class VectorMath {

    private record Scratch(float[] one, float[] two) {
        Scratch() {
            this(new float[Blocks.LENGTH], new float[Blocks.LENGTH]);
        }
    }

    private VectorMath() {}

    /** {@code out := state * decay + input * scale}. */
    static void decayAndAdd(Floats state, float decay, Floats input, float scale, Floats out, Workers workers) {
        Pieces.run(workers, out.length(), Blocks.LENGTH, Scratch::new, (scratch, from, to) -> {
            for (long at = from; at < to; at += Blocks.LENGTH) {
                int count = Blocks.load(state, at, to, scratch.one);
                Blocks.load(input, at, to, scratch.two);
                decayAndAdd(scratch.one, decay, scratch.two, scale, count);
                Blocks.store(scratch.one, count, out, at);
            }
        });
    }

    private static void decayAndAdd(float[] state, float decay, float[] input, float scale, int count) {
        for (int i = 0; i < count; i++) {
            state[i] = state[i] * decay + input[i] * scale;
        }
    }

    /** {@code from := from - term}. */
    static void subtract(Floats minuend, Floats term, Workers workers) {
        Pieces.run(workers, minuend.length(), Blocks.LENGTH, Scratch::new, (scratch, from, to) -> {
            for (long at = from; at < to; at += Blocks.LENGTH) {
                int count = Blocks.load(minuend, at, to, scratch.one);
                Blocks.load(term, at, to, scratch.two);
                subtract(scratch.one, scratch.two, count);
                Blocks.store(scratch.one, count, minuend, at);
            }
        });
    }

    private static void subtract(float[] minuend, float[] term, int count) {
        for (int i = 0; i < count; i++) {
            minuend[i] -= term[i];
        }
    }
}
