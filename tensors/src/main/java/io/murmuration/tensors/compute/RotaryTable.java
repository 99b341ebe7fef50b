package io.murmuration.tensors.compute;

import java.lang.foreign.Arena;

/**
 * Cosines and sines of the rotary angles, {@code [positions, headDim / 2]} each: angle {@code p * theta^(-2j / headDim)}
 * (RoFormer, section 3.2.2). Computed in double with {@link StrictMath} and rounded once, so that every machine has the
 * same table.
 */
public record RotaryTable(Floats cosines, Floats sines) {

    public static RotaryTable of(Arena arena, int positions, int headDim, double theta) {
        int half = headDim / 2;
        Floats cosines = Floats.allocate(arena, (long) positions * half);
        Floats sines = Floats.allocate(arena, (long) positions * half);
        for (int position = 0; position < positions; position++) {
            for (int j = 0; j < half; j++) {
                double angle = position * StrictMath.pow(theta, -2.0 * j / headDim);
                cosines.set((long) position * half + j, (float) StrictMath.cos(angle));
                sines.set((long) position * half + j, (float) StrictMath.sin(angle));
            }
        }
        return new RotaryTable(cosines, sines);
    }
}
