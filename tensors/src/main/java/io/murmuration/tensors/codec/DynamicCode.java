package io.murmuration.tensors.codec;

import java.util.Arrays;

/**
 * The signed dynamic 8-bit type: 256 numbers between -1 and 1 that stand denser near zero (Dettmers, arXiv 2110.02861; the
 * map of bitsandbytes for 7 exponent bits). For i = 0 to 6 the midpoints of 2^i equal parts of [0.1, 1], times 10^(i-6),
 * with both signs; and 0 and 1; all in fp32.
 */
final class DynamicCode {

    private static final int EXPONENTS = 7;
    private static final float[] POWERS_OF_TEN = {1e-6f, 1e-5f, 1e-4f, 1e-3f, 1e-2f, 1e-1f, 1};

    /** The numbers in ascending order; code 127 is 0. */
    private static final float[] NUMBERS = numbers();

    static final int ZERO = 127;

    /** MIDPOINTS[i] lies between numbers i and i + 1; behind the last there is none. */
    private static final float[] MIDPOINTS = midpoints();

    /** How many bits of a number its slot leaves out: a slot is less than a hundredth of its numbers wide. */
    private static final int SLOT_SHIFT = 16;

    /** For every slot how many midpoints lie below its least number; at most one lies inside. */
    private static final byte[] SLOTS = slots();

    private DynamicCode() {}

    private static float[] numbers() {
        float[] numbers = new float[256];
        int count = 0;
        for (int i = 0; i < EXPONENTS; i++) {
            int parts = 1 << i;
            for (int part = 0; part < parts; part++) {
                float midpoint = (border(part, parts) + border(part + 1, parts)) / 2;
                numbers[count++] = POWERS_OF_TEN[i] * midpoint;
                numbers[count++] = -(POWERS_OF_TEN[i] * midpoint);
            }
        }
        numbers[count++] = 0;
        numbers[count] = 1;
        Arrays.sort(numbers);
        return numbers;
    }

    /** Counted from the nearer end and rounded once, as linspace does. */
    private static float border(int number, int parts) {
        float step = (1 - 0.1f) / parts;
        return number < (parts + 1) / 2 ? Math.fma(step, number, 0.1f) : Math.fma(-step, parts - number, 1f);
    }

    private static float[] midpoints() {
        float[] midpoints = new float[NUMBERS.length];
        for (int i = 0; i < NUMBERS.length - 1; i++) {
            midpoints[i] = (NUMBERS[i] + NUMBERS[i + 1]) / 2;
        }
        midpoints[NUMBERS.length - 1] = Float.POSITIVE_INFINITY;
        return midpoints;
    }

    private static byte[] slots() {
        byte[] slots = new byte[1 << Integer.SIZE - SLOT_SHIFT];
        for (int slot = 0; slot < slots.length; slot++) {
            float first = Float.intBitsToFloat(slot << SLOT_SHIFT);
            float last = Float.intBitsToFloat(slot << SLOT_SHIFT | (1 << SLOT_SHIFT) - 1);
            slots[slot] = (byte) below(Math.min(first, last)); // slots of NaN are never asked
        }
        return slots;
    }

    private static int below(float number) {
        int count = 0;
        while (MIDPOINTS[count] < number) {
            count++;
        }
        return count;
    }

    /** How many midpoints lie below a number of -1 to 1. */
    static int code(float number) {
        int code = Byte.toUnsignedInt(SLOTS[Float.floatToRawIntBits(number) >>> SLOT_SHIFT]);
        return code + (Float.floatToRawIntBits(MIDPOINTS[code] - number) >>> Integer.SIZE - 1); // no branch to guess
    }

    /** What a code of 0 to 255 stands for. */
    static float number(int code) {
        return NUMBERS[code];
    }
}
