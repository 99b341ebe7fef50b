package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Differences;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;

/**
 * A stage boundary that sends {@code rank} numbers a token instead of {@code dim}: Subspace Networks / Protocol Models (arXiv
 * 2506.01260). {@code U [dim, rank]} has orthonormal columns and is the same at both ends; {@code R [T, dim]} is the part of the
 * activations that both ends know, the fixed rows of the embeddings of the {@code T} tokens.
 *
 * <pre>
 * forward:   Z  = (X - R) U    X'  = Z U^T + R
 * backward:  dZ = dX U         dX' = dZ U^T
 * </pre>
 *
 * <p>{@code X'} is {@code X} up to rounding as long as every row of {@code X - R} lies in the span of the columns of {@code U}.
 * What makes a model so is the model's business: output projections {@code W = Z U^T}, trainable
 * embeddings in the span, no trainable per-channel gain on the way back to the residual stream. {@link #requireExact}
 * refuses a model that is not. {@code dX'} differs from {@code dX} even then, by what is orthogonal to the span; parameters
 * that act within the span get the same gradient of both.
 *
 * <p>The basis belongs to the caller and must neither change nor be freed while this is in use. Apart from it there is no
 * state: any number of threads may call at once as long as no two write to the same numbers.
 */
public final class SubspaceBoundary {

    /**
     * How far an element of {@code U^T U} may be from that of the identity. Rounding of {@code U} to fp32 costs 1e-7, making
     * {@code U} in fp32 some 1e-6; what is beyond ten times that was not meant to be orthonormal.
     */
    public static final double ORTHONORMAL_WITHIN = 1e-5;

    /**
     * The usual bound for {@link #requireExact}. Rounding of {@code X} alone costs 6e-8 times {@code |X| / |X - R|}, a few
     * times that after several layers, so this leaves room for a known part some 30 times as large as the rest; a gain that
     * has left 1 by one step of an optimiser costs 1e-4 and more.
     */
    public static final double EXACT_WITHIN = 1e-5;

    private final Backend backend;
    private final Floats basis;
    private final int dim;
    private final int rank;

    /**
     * @param basis {@code U [dim, rank]}
     * @param rank 1 to {@code dim}
     * @throws IllegalArgumentException if a shape does not fit or the columns are not orthonormal
     */
    public SubspaceBoundary(Backend backend, Floats basis, int dim, int rank) {
        if (rank < 1 || rank > dim) {
            throw new IllegalArgumentException(
                    "subspace: expected a rank of 1 to dim, got rank " + rank + " with dim " + dim);
        }
        this.backend = backend;
        this.basis = basis;
        this.dim = dim;
        this.rank = rank;
        length("basis", basis, (long) dim * rank);
        requireOrthonormal();
    }

    public int dim() {
        return dim;
    }

    /** Numbers a token that travel. */
    public int rank() {
        return rank;
    }

    /**
     * {@code gram = U^T U}, {@code [rank, rank]}: the identity up to rounding. Summed in fp64 in the order of the rows and
     * rounded once, so that what is refused does not depend on the backend.
     */
    public void gram(Floats gram) {
        length("gram", gram, (long) rank * rank);
        double[] sums = new double[rank * rank];
        for (int i = 0; i < dim; i++) {
            float[] row = basis.slice((long) i * rank, rank).toArray();
            for (int a = 0; a < rank; a++) {
                for (int b = 0; b < rank; b++) {
                    sums[a * rank + b] += (double) row[a] * row[b];
                }
            }
        }
        for (int at = 0; at < sums.length; at++) {
            gram.set(at, (float) sums[at]);
        }
    }

    /**
     * {@code Z = (X - R) U}: what the sender sends. The difference is taken first: its rounding is relative to what is sent,
     * that of {@code X U - R U} to the known part, which may be much larger.
     *
     * @param x {@code [T, dim]}
     * @param known {@code R [T, dim]}
     * @param scratch at least as long as {@code x}; holds {@code X - R} afterwards
     * @param z {@code [T, rank]}, written
     */
    public void project(Floats x, Floats known, Floats scratch, Floats z) {
        int tokens = tokens(x);
        length("known part", known, x.length());
        atLeast("scratch", scratch, x.length());
        length("projection", z, (long) tokens * rank);
        Floats difference = scratch.slice(0, x.length());
        Differences.subtract(x, known, difference, Workers.SERIAL);
        times(difference, tokens, z);
    }

    /**
     * {@code X' = Z U^T + R}: what the receiver rebuilds.
     *
     * @param z {@code [T, rank]}
     * @param known {@code R [T, dim]}
     * @param x {@code [T, dim]}, written
     */
    public void rebuild(Floats z, Floats known, Floats x) {
        int tokens = tokens(x);
        length("projection", z, (long) tokens * rank);
        length("known part", known, x.length());
        x.copyFrom(known);
        timesTransposed(z, tokens, 1, x);
    }

    /** {@code X += Z U^T}: what a branch of the coordinates {@code z [T, rank]} adds to {@code x [T, dim]}. */
    public void add(Floats z, Floats x) {
        int tokens = tokens(x);
        length("projection", z, (long) tokens * rank);
        timesTransposed(z, tokens, 1, x);
    }

    /** {@code dZ = dX U}: {@code gradX [T, dim]} in, {@code gradZ [T, rank]} written. */
    public void projectGradient(Floats gradX, Floats gradZ) {
        int tokens = tokens(gradX);
        length("projected gradient", gradZ, (long) tokens * rank);
        times(gradX, tokens, gradZ);
    }

    /** {@code dX' = dZ U^T}: {@code gradZ [T, rank]} in, {@code gradX [T, dim]} written. */
    public void rebuildGradient(Floats gradZ, Floats gradX) {
        int tokens = tokens(gradX);
        length("projected gradient", gradZ, (long) tokens * rank);
        timesTransposed(gradZ, tokens, 0, gradX);
    }

    /**
     * {@code |X - X'| / |X - R|} (L2 over all numbers, in fp64): the share of what was to be sent that does not arrive. 0 where
     * {@code X = R}, as nothing was to be sent. Not for the hot path: allocates {@code 2 T dim + T rank} numbers for the call.
     *
     * @param x {@code [T, dim]}
     * @param known {@code R [T, dim]}
     */
    public double reconstructionError(Floats x, Floats known) {
        try (Arena arena = Arena.ofConfined()) {
            Floats difference = Floats.allocate(arena, x.length());
            Floats z = Floats.allocate(arena, (long) tokens(x) * rank);
            Floats rebuilt = Floats.allocate(arena, x.length());
            project(x, known, difference, z);
            rebuild(z, known, rebuilt);
            double sent = 0;
            double lost = 0;
            for (long i = 0; i < x.length(); i++) {
                double part = (double) x.get(i) - known.get(i);
                double gap = (double) x.get(i) - rebuilt.get(i);
                sent += part * part;
                lost += gap * gap;
            }
            return lost == 0 ? 0 : Math.sqrt(lost / sent);
        }
    }

    /**
     * Refuses activations that this boundary would change. A model is to be checked with weights that are off their initial
     * values: a gain that still is 1 leaves the span only once it is trained.
     *
     * @param x {@code [T, dim]}
     * @param known {@code R [T, dim]}
     * @param bound the largest {@link #reconstructionError} to accept, usually {@link #EXACT_WITHIN}
     * @throws CodecException if the error is above the bound or not a number; names both
     */
    public void requireExact(Floats x, Floats known, double bound) {
        double error = reconstructionError(x, known);
        if (!(error <= bound)) {
            throw new CodecException("subspace of rank " + rank + " in " + dim
                    + ": expected activations that are rebuilt within " + bound + " (relative L2), got " + error
                    + ": something outside the subspace is added to the residual stream");
        }
    }

    private void requireOrthonormal() {
        try (Arena arena = Arena.ofConfined()) {
            Floats gram = Floats.allocate(arena, (long) rank * rank);
            gram(gram);
            double worst = 0;
            for (int row = 0; row < rank; row++) {
                for (int column = 0; column < rank; column++) {
                    double expected = row == column ? 1 : 0;
                    // Math.max keeps a NaN, which then fails the comparison.
                    worst = Math.max(worst, Math.abs(gram.get((long) row * rank + column) - expected));
                }
            }
            if (!(worst <= ORTHONORMAL_WITHIN)) {
                throw new IllegalArgumentException("subspace: expected a basis [" + dim + ", " + rank
                        + "] with orthonormal columns, U^T U within " + ORTHONORMAL_WITHIN
                        + " of the identity, got one that is off by " + worst);
            }
        }
    }

    /** {@code z = x U}. */
    private void times(Floats x, int tokens, Floats z) {
        backend.gemm(false, false, tokens, rank, dim, 1, x, dim, basis, rank, 0, z, rank);
    }

    /** {@code x = z U^T + beta x}. */
    private void timesTransposed(Floats z, int tokens, float beta, Floats x) {
        backend.gemm(false, true, tokens, dim, rank, 1, z, rank, basis, rank, beta, x, dim);
    }

    private int tokens(Floats x) {
        if (x.length() == 0 || x.length() % dim != 0) {
            throw new IllegalArgumentException(
                    "subspace: expected [tokens, " + dim + "] numbers, at least one token, got " + x.length());
        }
        return Math.toIntExact(x.length() / dim);
    }

    private static void length(String what, Floats floats, long expected) {
        if (floats.length() != expected) {
            throw new IllegalArgumentException(
                    "subspace: expected " + expected + " numbers of " + what + ", got " + floats.length());
        }
    }

    private static void atLeast(String what, Floats floats, long needed) {
        if (floats.length() < needed) {
            throw new IllegalArgumentException(
                    "subspace: expected at least " + needed + " numbers of " + what + ", got " + floats.length());
        }
    }
}
