package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Differences;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/**
 * Sends a part of what has accumulated and keeps the rest:
 *
 * <pre>
 * e := decay e + scale x
 * send codec(e)
 * e := e - decoded(codec(e))
 * </pre>
 *
 * With decay 1 this is error feedback (Karimireddy et al., arXiv 1901.09847); with {@link DctTopK} and decay 0.999 the
 * decoupled momentum of DeMo (arXiv 2411.19870, algorithm 1); with {@link Sparse2Bit} and decay 0.95 that of SparseLoCo (arXiv
 * 2508.15706, algorithm 1). Every operation is one fp32 operation rounded once.
 */
public final class ErrorFeedback implements Compressor {

    /** What was not sent yet. */
    public static final String RESIDUAL = "residual";

    private final EncodedParts parts;
    private final float decay;
    private final TwoStates residual;
    private final Floats decoded;

    /**
     * The residual starts at zero; memory lives as long as the arena: two vectors and one of the longest part.
     *
     * @param decay what stays of the residual from one time to the next, 0 to 1
     */
    public ErrorFeedback(Arena arena, EncodedParts parts, double decay) {
        if (!(decay >= 0 && decay <= 1)) {
            throw new IllegalArgumentException("decay must be 0 to 1, was " + decay);
        }
        this.parts = parts;
        this.decay = (float) decay;
        this.residual = new TwoStates(arena, parts.length());
        this.decoded = Floats.allocate(arena, parts.longest());
    }

    @Override
    public long length() {
        return parts.length();
    }

    @Override
    public long encodedSize() {
        return parts.size();
    }

    @Override
    public void compress(Floats input, float scale, ByteBuffer target, Workers workers) {
        Floats next = residual.begin(input);
        VectorMath.decayAndAdd(residual.now(), decay, input, scale, next, workers);
        int start = target.position();
        parts.encode(next, target, workers);
        List<ByteBuffer> sent = parts.split(target.slice(start, target.position() - start));
        for (int index = 0; index < sent.size(); index++) {
            Floats rest = parts.slice(next, index);
            Floats own = decoded.slice(0, rest.length());
            parts.decode(index, sent.get(index), own, workers);
            Differences.subtract(rest, own, rest, workers);
        }
        residual.prepared();
    }

    @Override
    public void commit() {
        residual.commit();
    }

    @Override
    public void rollback() {
        residual.rollback();
    }

    @Override
    public Map<String, Floats> state() {
        return Map.of(RESIDUAL, residual.now());
    }
}
