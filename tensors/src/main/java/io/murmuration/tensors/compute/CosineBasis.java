package io.murmuration.tensors.compute;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The orthonormal DCT-II of one length n, {@code D[i, u] = s_u cos(pi (2i+1) u / 2n)} with {@code s_0 = sqrt(1/n)} and
 * {@code s_u = sqrt(2/n)}, cut into {@link Product products}. Columns with an even u are symmetric in i and those with an
 * odd u antisymmetric, so adding and subtracting mirrored inputs ({@link #folds}) leaves two products of half the size,
 * and the even one is again a DCT-II: 1,366 multiplications for n = 64 instead of 4,096.
 *
 * <p>Numbers are computed with {@link StrictMath} in fp64 and rounded once: the same bits everywhere. Immutable.
 */
final class CosineBasis {

    /** Longest transform: 256 KiB of basis. */
    static final int LONGEST = 256;

    /** Outputs that a block of a product computes at once; the rest goes one by one. */
    static final int OUTPUTS = 4;

    private static final int F = Float.BYTES;
    private static final ConcurrentHashMap<Integer, CosineBasis> BY_LENGTH = new ConcurrentHashMap<>();

    /**
     * {@code out[firstOut + o outStep] = sum over i of in[firstIn + i inStep] * c[i, o]}, numbers meaning rows. The
     * coefficients lie in the order in which they are needed: blocks of {@link #OUTPUTS} outputs, in each input by input,
     * then single outputs, input by input.
     */
    record Product(
            int firstIn, int inStep, int inputs, int firstOut, int outStep, int outputs, MemorySegment coefficients) {

        long address() {
            return coefficients.address();
        }
    }

    private interface Coefficient {
        float at(int input, int output);
    }

    final int length;
    /** Row-major {@code [i, u]}. */
    private final float[] basis;
    /** Lengths that are halved by adding and subtracting mirrored rows, falling: 64, 32, ..., 2. */
    final int[] folds;

    final List<Product> forward;
    final List<Product> inverse;

    private CosineBasis(int length) {
        this.length = length;
        this.basis = basis(length);
        List<Product> forwardProducts = new ArrayList<>();
        List<Product> inverseProducts = new ArrayList<>();
        List<Integer> halved = new ArrayList<>();
        int size = length;
        int step = 1;
        for (; size % 2 == 0; size /= 2, step *= 2) {
            halved.add(size);
            int half = size / 2;
            int last = size - 1;
            int every = step;
            // The difference of inputs i and size-1-i lies in row size-1-i.
            forwardProducts.add(product(
                    half,
                    1,
                    step,
                    2 * step,
                    half,
                    (input, output) -> at(last - (half + input), every * (2 * output + 1))));
            inverseProducts.add(product(
                    step,
                    2 * step,
                    half,
                    1,
                    half,
                    (input, output) -> at(last - (half + output), every * (2 * input + 1))));
        }
        int every = step;
        forwardProducts.add(product(0, 1, 0, step, size, (input, output) -> at(input, every * output)));
        inverseProducts.add(product(0, step, 0, 1, size, (input, output) -> at(output, every * input)));
        this.folds = halved.stream().mapToInt(Integer::intValue).toArray();
        this.forward = List.copyOf(forwardProducts);
        this.inverse = List.copyOf(inverseProducts);
    }

    /** @throws IllegalArgumentException if there is no transform of that length */
    static CosineBasis of(int length) {
        if (length < 1 || length > LONGEST) {
            throw new IllegalArgumentException("expected a transform of 1 to " + LONGEST + " numbers, got " + length);
        }
        return BY_LENGTH.computeIfAbsent(length, CosineBasis::new);
    }

    float at(int i, int u) {
        return basis[i * length + u];
    }

    private static float[] basis(int n) {
        float[] basis = new float[n * n];
        for (int i = 0; i < n; i++) {
            for (int u = 0; u < n; u++) {
                double scale = StrictMath.sqrt((u == 0 ? 1.0 : 2.0) / n);
                // The angle's whole turns are taken off in integers, so that its error does not grow with i u.
                long quarterTurns = (2L * i + 1) * u % (4L * n);
                basis[i * n + u] = (float) (scale * StrictMath.cos(Math.PI * quarterTurns / (2.0 * n)));
            }
        }
        return basis;
    }

    /** As many inputs as outputs: all products of a transform are square. */
    private static Product product(
            int firstIn, int inStep, int firstOut, int outStep, int size, Coefficient coefficient) {
        MemorySegment coefficients = Arena.ofAuto().allocate((long) size * size * F, Floats.ALIGNMENT_BYTES);
        long at = 0;
        for (int from = 0; from < size; ) {
            int count = size - from >= OUTPUTS ? OUTPUTS : 1;
            for (int input = 0; input < size; input++) {
                for (int output = from; output < from + count; output++) {
                    coefficients.setAtIndex(ValueLayout.JAVA_FLOAT, at++, coefficient.at(input, output));
                }
            }
            from += count;
        }
        return new Product(firstIn, inStep, size, firstOut, outStep, size, coefficients);
    }
}
