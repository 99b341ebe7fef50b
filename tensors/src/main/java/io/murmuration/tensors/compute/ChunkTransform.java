package io.murmuration.tensors.compute;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The separable orthonormal DCT-II of chunks of {@code height x width} numbers and its inverse, as DeMo needs them
 * (arXiv 2411.19870, section 3; bloc97/DeMo, {@code TransformDCT}): {@code X = D_h^T x D_w}, {@code x = D_h X D_w^T}. A
 * chunk of a vector is one of height 1.
 *
 * <p>fp32 with fused multiply-adds in a fixed order: equal bits for every width of vector, every machine and every number
 * of threads. Holds scratch memory that lives as long as the arena; one thread at a time.
 */
public final class ChunkTransform {

    /** Longest side of a chunk: a slot's index still fits in 16 bits. */
    public static final int LONGEST_SIDE = CosineBasis.LONGEST;

    private static final int F = Float.BYTES;

    private final int height;
    private final int width;
    private final CosineBasis down;
    private final CosineBasis across;
    private final int paddedHeight;
    private final int paddedWidth;
    private final MemorySegment one;
    private final MemorySegment two;
    /** Row v holds {@code D_w[0, v], D_w[1, v], ...}, padded with zeros. */
    private final MemorySegment waves;

    /**
     * @param height rows of a chunk, 1 to {@link #LONGEST_SIDE}
     * @param width columns of a chunk, likewise
     */
    public ChunkTransform(Arena arena, int height, int width) {
        this.height = height;
        this.width = width;
        this.down = CosineBasis.of(height);
        this.across = CosineBasis.of(width);
        this.paddedHeight = padded(height);
        this.paddedWidth = padded(width);
        long numbers = Math.max((long) height * paddedWidth, (long) width * paddedHeight);
        this.one = Floats.allocate(arena, numbers).segment();
        this.two = Floats.allocate(arena, numbers).segment();
        this.waves = Floats.allocate(arena, (long) width * paddedWidth).segment();
        for (int v = 0; v < width; v++) {
            for (int j = 0; j < width; j++) {
                waves.setAtIndex(ValueLayout.JAVA_FLOAT, (long) v * paddedWidth + j, across.at(j, v));
            }
        }
    }

    /** The largest divisor of {@code length} that is at most {@code target}: the side of a chunk; 1 for a large prime. */
    public static int side(long length, int target) {
        if (length < 1 || target < 1) {
            throw new IllegalArgumentException(
                    "expected a length and a target of at least 1, got " + length + " and " + target);
        }
        int side = (int) Math.min(length, target);
        while (length % side != 0) {
            side--;
        }
        return side;
    }

    /** Slots of a chunk. */
    public int slots() {
        return height * width;
    }

    /**
     * The coefficients of the chunk whose first number is {@code numbers[at]}.
     *
     * @param rowLength numbers between the starts of two of its rows
     * @param coefficients out: IEEE bits, <b>transposed</b>: coefficient (u, v), slot {@code u * width + v}, is at
     *     {@code v * height + u}, since nobody needs them in order and turning them costs as much as selecting
     */
    public void forward(Floats numbers, long at, long rowLength, int[] coefficients) {
        long end = at + (height - 1) * rowLength + width;
        Checks.atLeast("numbers", numbers, end);
        MemorySegment source = numbers.segment();
        if (width < paddedWidth) {
            one.fill((byte) 0);
        }
        long stride = (long) paddedWidth * F;
        for (int i = 0; i < height; i++) {
            MemorySegment.copy(source, (at + i * rowLength) * F, one, i * stride, (long) width * F);
        }
        CosineKernels.forward(down, one.address(), two.address(), stride, paddedWidth);
        if (height < paddedHeight) {
            one.fill((byte) 0);
        }
        transpose();
        CosineKernels.forward(across, one.address(), two.address(), (long) paddedHeight * F, paddedHeight);
        if (height == paddedHeight) {
            MemorySegment.copy(two, ValueLayout.JAVA_INT, 0, coefficients, 0, slots());
        } else {
            for (int v = 0; v < width; v++) {
                MemorySegment.copy(
                        two, ValueLayout.JAVA_INT, (long) v * paddedHeight * F, coefficients, v * height, height);
            }
        }
    }

    /**
     * The numbers whose coefficients are given; all other coefficients are zero.
     *
     * @param slots ascending, each below {@link #slots()}
     * @param values the coefficient of each slot
     * @param numbers out: the chunk whose first number is at {@code at}, rows {@code rowLength} apart
     */
    public void inverse(int[] slots, float[] values, int count, Floats numbers, long at, long rowLength) {
        Checks.atLeast("numbers", numbers, at + (height - 1) * rowLength + width);
        long stride = (long) paddedWidth * F;
        one.asSlice(0, height * stride).fill((byte) 0);
        for (int i = 0; i < count; i++) {
            int u = slots[i] / width;
            int v = slots[i] % width;
            CosineKernels.addScaled(one.address() + u * stride, values[i], waves.address() + v * stride, paddedWidth);
        }
        CosineKernels.inverse(down, one.address(), two.address(), stride, paddedWidth);
        MemorySegment target = numbers.segment();
        for (int i = 0; i < height; i++) {
            MemorySegment.copy(two, i * stride, target, (at + i * rowLength) * F, (long) width * F);
        }
    }

    private void transpose() {
        long from = two.address();
        long to = one.address();
        long inStride = (long) paddedWidth * F;
        long outStride = (long) paddedHeight * F;
        for (int i = 0; i < height; i++) {
            transposeRow(from + i * inStride, to + (long) i * F, outStride, width);
        }
    }

    private static void transposeRow(long from, long to, long outStride, int width) {
        for (int j = 0; j < width; j++) {
            Lanes.set(to + j * outStride, Lanes.get(from + (long) j * F));
        }
    }

    private static int padded(int columns) {
        return Math.ceilDiv(columns, CosineKernels.COLUMNS) * CosineKernels.COLUMNS;
    }
}
