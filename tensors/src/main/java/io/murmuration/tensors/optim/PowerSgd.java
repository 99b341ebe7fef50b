package io.murmuration.tensors.optim;

import io.murmuration.tensors.codec.CodecException;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * PowerSGD (Vogels, Karimireddy and Jaggi, arXiv 1905.13727, algorithms 1 and 2): gradients of low rank with error feedback
 * and a warm start, by one step of subspace iteration. For every matrix, with r columns in P and Q:
 *
 * <pre>
 * M := scale g + e
 * P := M Q                  {@link #left}, then the mean over the replicas
 * P := orthonormalised P
 * Q := transposed(M) P      {@link #right}, then the mean over the replicas
 * G := P transposed(Q)      {@link #update}: the same bits on every replica
 * e := M - G                each replica its own, and so Q is where the next round starts
 * </pre>
 *
 * then {@link #commit}, or {@link #rollback} if the round failed, at whatever point: both {@code e} and Q have the bits that
 * they had before. A tensor is a matrix of its first axis by the others together; it goes through P and Q if they have at
 * most half as many numbers as it has, else (vectors always) it is averaged as it is, at the end of what {@link #left}
 * gives. All sums have a fixed order, and pieces of work share none: bits depend neither on threads nor on the backend. Sums
 * over columns and rows are fp32, those of the orthonormalisation fp64.
 */
public final class PowerSgd {

    /** What was not sent yet; as long as the parameters, zero where a tensor is averaged as it is. */
    public static final String RESIDUAL = "residual";

    /** Q of every matrix, column by column: {@link PowerSgd#rightLength} numbers. */
    public static final String FACTOR = "factor";

    /** Largest magnitude in a message: products of larger ones may leave the range of fp32. */
    public static final float LARGEST = 1e30f;

    private static final int NUMBERS_PER_PIECE = 1 << 16;
    private static final int COLUMNS_PER_PIECE = 1024;

    /**
     * @param rank r, columns of P and Q, at least 1; 1 to 4 in the paper
     * @param seed of the first Q, equal on all replicas
     */
    public record Settings(int rank, long seed) {
        public Settings {
            if (rank < 1) {
                throw new IllegalArgumentException("rank must be at least 1, was " + rank);
            }
        }

        /** The rule that says which tensors are compressed. */
        boolean compresses(long rows, long columns) {
            return 2L * rank * (rows + columns) <= rows * columns;
        }
    }

    /** Where a matrix is: its first number in the parameters, in the left and in the right message. */
    private record Matrix(int rows, int columns, long at, long left, long right) {}

    /** Rows or columns of a matrix that are one piece of work. */
    private record Range(Matrix matrix, int from, int to) {}

    private enum Phase {
        READY,
        LEFT,
        RIGHT,
        UPDATED
    }

    private final Settings settings;
    private final int rank;
    private final List<Matrix> matrices = new ArrayList<>();
    /** Tensors that are averaged as they are; in the left message they begin at {@code plainFrom}. */
    private final List<Fragment.Range> plain = new ArrayList<>();

    private final long plainFrom;
    private final List<Range> rows = new ArrayList<>();
    private final List<Range> columns = new ArrayList<>();
    private final Floats left;
    private Floats residual;
    private Floats nextResidual;
    private Floats factor;
    private Floats nextFactor;
    private Phase phase = Phase.READY;

    /** The residual starts at zero, Q at normal numbers; memory: two vectors as long as the parameters and three messages. */
    public PowerSgd(Arena arena, Tensors tensors, Settings settings) {
        this.settings = settings;
        this.rank = settings.rank;
        long leftLength = 0;
        long rightLength = 0;
        long at = 0;
        for (Tensors.Tensor tensor : tensors.all()) {
            long height = tensor.shape().isEmpty() ? 1 : tensor.shape().getFirst();
            long width = tensor.length() / height;
            if (settings.compresses(height, width)) {
                Math.toIntExact(rank * Math.max(height, width)); // P and Q are arrays here
                add(new Matrix((int) height, (int) width, at, leftLength, rightLength));
                leftLength += rank * height;
                rightLength += rank * width;
            } else {
                plain.add(new Fragment.Range(at, tensor.length()));
            }
            at += tensor.length();
        }
        plainFrom = leftLength;
        leftLength += plain.stream().mapToLong(Fragment.Range::length).sum();
        left = Floats.allocate(arena, leftLength);
        residual = Floats.allocate(arena, at);
        nextResidual = Floats.allocate(arena, at);
        factor = Floats.allocate(arena, rightLength);
        nextFactor = Floats.allocate(arena, rightLength);
        redraw(factor);
    }

    private void add(Matrix matrix) {
        matrices.add(matrix);
        int height = Math.max(1, NUMBERS_PER_PIECE / matrix.columns);
        for (int from = 0; from < matrix.rows; from += height) {
            rows.add(new Range(matrix, from, Math.min(matrix.rows, from + height)));
        }
        for (int from = 0; from < matrix.columns; from += COLUMNS_PER_PIECE) {
            columns.add(new Range(matrix, from, Math.min(matrix.columns, from + COLUMNS_PER_PIECE)));
        }
    }

    /** Numbers in the first message: P of every matrix, row by row, then the tensors that are averaged as they are. */
    public long leftLength() {
        return left.length();
    }

    /** Numbers in the second message: Q of every matrix, column by column. */
    public long rightLength() {
        return factor.length();
    }

    /**
     * First phase: {@code M := scale g + e}, {@code P := M Q}.
     *
     * @param p out: {@link #leftLength} numbers, to be averaged over the replicas
     * @throws CodecException if the gradient is not finite or too large; nothing has changed then
     */
    public void left(Floats gradient, float scale, Floats p, Workers workers) {
        require(Phase.READY);
        requireLength("gradient", gradient, residual.length());
        requireLength("P", p, left.length());
        workers.run(rows.size(), piece -> left(rows.get(piece), gradient, scale, p));
        long at = plainFrom;
        for (Fragment.Range tensor : plain) {
            LowRank.scale(p.slice(at, tensor.length()), gradient.slice(tensor.offset(), tensor.length()), scale);
            at += tensor.length();
        }
        requireBounded("gradient", p);
        phase = Phase.LEFT;
    }

    private void left(Range range, Floats gradient, float scale, Floats p) {
        Matrix matrix = range.matrix;
        int width = matrix.columns;
        float[] q = LowRank.read(factor, matrix.right, rank * width);
        float[] products = new float[rank];
        float[] sum = new float[width];
        float[] error = new float[width];
        for (int row = range.from; row < range.to; row++) {
            long at = matrix.at + (long) row * width;
            LowRank.read(gradient, at, sum, width);
            LowRank.read(residual, at, error, width);
            for (int i = 0; i < width; i++) {
                sum[i] = sum[i] * scale + error[i];
            }
            LowRank.write(sum, width, nextResidual, at);
            for (int column = 0; column < rank; column++) {
                products[column] = LowRank.dot(sum, q, column * width);
            }
            LowRank.write(products, rank, p, matrix.left + (long) row * rank);
        }
    }

    /**
     * Second phase: {@code P} is orthonormalised, {@code Q := transposed(M) P}.
     *
     * @param meanP mean of the first messages, the same bits on every replica
     * @param q out: {@link #rightLength} numbers, to be averaged over the replicas
     * @throws CodecException if a mean is not finite or too large; the phase may be done again then
     */
    public void right(Floats meanP, Floats q, Workers workers) {
        require(Phase.LEFT);
        requireLength("mean of P", meanP, left.length());
        requireLength("Q", q, factor.length());
        requireBounded("mean of P", meanP);
        left.copyFrom(meanP);
        workers.run(matrices.size(), piece -> {
            Matrix matrix = matrices.get(piece);
            float[] p = LowRank.read(left, matrix.left, matrix.rows * rank);
            LowRank.orthonormalise(p, matrix.rows, rank);
            LowRank.write(p, p.length, left, matrix.left);
        });
        workers.run(columns.size(), piece -> right(columns.get(piece), q));
        requireBounded("Q", q);
        phase = Phase.RIGHT;
    }

    /** Sums over the rows, in order. */
    private void right(Range range, Floats q) {
        Matrix matrix = range.matrix;
        int width = range.to - range.from;
        float[] p = LowRank.read(left, matrix.left, matrix.rows * rank);
        float[][] sums = new float[rank][width];
        float[] numbers = new float[width];
        for (int row = 0; row < matrix.rows; row++) {
            LowRank.read(nextResidual, matrix.at + (long) row * matrix.columns + range.from, numbers, width);
            for (int column = 0; column < rank; column++) {
                LowRank.addScaled(p[row * rank + column], numbers, 0, sums[column]);
            }
        }
        for (int column = 0; column < rank; column++) {
            LowRank.write(sums[column], width, q, matrix.right + (long) column * matrix.columns + range.from);
        }
    }

    /**
     * Third phase: {@code G := P transposed(Q)}, {@code e := M - G}.
     *
     * @param meanQ mean of the second messages, the same bits on every replica
     * @param update out: G, as long as the parameters, and the same bits on every replica
     * @throws CodecException if a mean is not finite or too large; the phase may be done again then
     */
    public void update(Floats meanQ, Floats update, Workers workers) {
        require(Phase.RIGHT);
        requireLength("mean of Q", meanQ, factor.length());
        requireLength("update", update, residual.length());
        requireBounded("mean of Q", meanQ);
        nextFactor.copyFrom(meanQ);
        workers.run(rows.size(), piece -> update(rows.get(piece), update));
        long at = plainFrom;
        for (Fragment.Range tensor : plain) {
            update.slice(tensor.offset(), tensor.length()).copyFrom(left.slice(at, tensor.length()));
            at += tensor.length();
        }
        redraw(nextFactor);
        phase = Phase.UPDATED;
    }

    private void update(Range range, Floats update) {
        Matrix matrix = range.matrix;
        int width = matrix.columns;
        float[] q = LowRank.read(nextFactor, matrix.right, rank * width);
        float[] p = LowRank.read(left, matrix.left + (long) range.from * rank, (range.to - range.from) * rank);
        float[] product = new float[width];
        float[] rest = new float[width];
        for (int row = range.from; row < range.to; row++) {
            long at = matrix.at + (long) row * width;
            Arrays.fill(product, 0);
            for (int column = 0; column < rank; column++) {
                LowRank.addScaled(p[(row - range.from) * rank + column], q, column * width, product);
            }
            LowRank.read(nextResidual, at, rest, width);
            for (int i = 0; i < width; i++) {
                rest[i] -= product[i];
            }
            LowRank.write(rest, width, nextResidual, at);
            LowRank.write(product, width, update, at);
        }
    }

    /** A column that is zero would stay so for ever: it starts again from the seed, on every replica alike. */
    private void redraw(Floats q) {
        for (int index = 0; index < matrices.size(); index++) {
            int width = matrices.get(index).columns;
            for (int column = 0; column < rank; column++) {
                long at = matrices.get(index).right + (long) column * width;
                float[] numbers = LowRank.read(q, at, width);
                if (LowRank.isZero(numbers)) {
                    Random random = new Random(settings.seed + ((long) index << 32) + column);
                    for (int i = 0; i < width; i++) {
                        numbers[i] = (float) random.nextGaussian();
                    }
                    LowRank.write(numbers, width, q, at);
                }
            }
        }
    }

    /** The update was used: residual and Q are what the round left. */
    public void commit() {
        require(Phase.UPDATED);
        Floats before = residual;
        residual = nextResidual;
        nextResidual = before;
        before = factor;
        factor = nextFactor;
        nextFactor = before;
        phase = Phase.READY;
    }

    /** The round failed, in whatever phase: residual and Q are what they were before it. */
    public void rollback() {
        phase = Phase.READY;
    }

    /**
     * The committed state by name, in the order of a checkpoint. These are the live vectors: writing to them restores a
     * state. They change places at every commit, so ask again after one.
     */
    public Map<String, Floats> state() {
        Map<String, Floats> state = new LinkedHashMap<>();
        state.put(RESIDUAL, residual);
        state.put(FACTOR, factor);
        return Collections.unmodifiableMap(state);
    }

    private void require(Phase expected) {
        if (phase != expected) {
            throw new IllegalStateException("expected left, right, update, commit in this order, or a rollback; was "
                    + phase + ", not " + expected);
        }
    }

    private static void requireLength(String what, Floats vector, long length) {
        if (vector.length() != length) {
            throw new IllegalArgumentException(what + ": expected " + length + " numbers, got " + vector.length());
        }
    }

    private static void requireBounded(String what, Floats message) {
        for (long i = 0; i < message.length(); i++) {
            if (!(Math.abs(message.get(i)) <= LARGEST)) {
                throw new CodecException(
                        what + ": expected numbers up to " + LARGEST + ", a product has " + message.get(i));
            }
        }
    }
}
