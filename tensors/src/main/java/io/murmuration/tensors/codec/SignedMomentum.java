package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Differences;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * DisTrO's momentum (PsycheFoundation/psyche, {@code shared/modeling/src/distro.rs}): as DeMo's, but only the signs of the
 * selected coefficients are sent, and what was selected is subtracted one time later, at full precision:
 *
 * <pre>
 * d := (d - selected before) * decay + scale x
 * selected := inverse(top-k coefficients of d)        kept until the next time
 * send their slots and signs
 * </pre>
 *
 * So {@code d} still holds what is under way, which is what a look-ahead goes by.
 */
public final class SignedMomentum implements Compressor {

    /** The momentum, with what was selected last still in it. */
    public static final String DELTA = "delta";

    /** What was selected last, at full precision. */
    public static final String SELECTED = "selected";

    private final EncodedParts signs;
    private final EncodedParts full;
    private final float decay;
    private final TwoStates delta;
    private final TwoStates selected;
    private final ByteBuffer values;

    /**
     * All starts at zero; memory lives as long as the arena: four vectors and what is sent, at full precision.
     *
     * @param signs parts encoded by {@link DctTopK} with signs only
     * @param decay what stays of the momentum from one time to the next, 0 to 1
     */
    public SignedMomentum(Arena arena, EncodedParts signs, double decay) {
        if (!(decay >= 0 && decay <= 1)) {
            throw new IllegalArgumentException("decay must be 0 to 1, was " + decay);
        }
        this.signs = signs;
        this.full = new EncodedParts(
                signs.parts().stream().map(SignedMomentum::withValues).toList());
        this.decay = (float) decay;
        this.delta = new TwoStates(arena, signs.length());
        this.selected = new TwoStates(arena, signs.length());
        this.values = arena.allocate(full.size()).asByteBuffer();
    }

    private static EncodedParts.Part withValues(EncodedParts.Part part) {
        if (!(part.codec() instanceof DctTopK codec && codec.signs())) {
            throw new IllegalArgumentException(part.name() + ": expected the codec dct-sign, got "
                    + part.codec().name());
        }
        return new EncodedParts.Part(part.name(), part.shape(), codec.withSigns(false));
    }

    @Override
    public long length() {
        return signs.length();
    }

    @Override
    public long encodedSize() {
        return signs.size();
    }

    @Override
    public void compress(Floats input, float scale, ByteBuffer target, Workers workers) {
        Floats next = delta.begin(input);
        Floats nextSelected = selected.begin(input);
        Differences.subtract(delta.now(), selected.now(), next, workers);
        VectorMath.decayAndAdd(next, decay, input, scale, next, workers);
        full.encode(next, values.clear(), workers);
        full.decode(values.flip(), nextSelected, workers);
        writeSigns(target);
        delta.prepared();
        selected.prepared();
    }

    private void writeSigns(ByteBuffer target) {
        List<ByteBuffer> selections = full.split(values);
        signs.write(target, (index, room) -> {
            EncodedParts.Part part = signs.parts().get(index);
            ByteBuffer selection = full.payload(index, selections.get(index));
            EncodedTensor.write(
                    part.codec(),
                    part.axes(),
                    payload -> ((DctTopK) part.codec()).signsOf(selection, part.length(), payload),
                    room);
        });
    }

    @Override
    public void commit() {
        delta.commit();
        selected.commit();
    }

    @Override
    public void rollback() {
        delta.rollback();
        selected.rollback();
    }

    @Override
    public Map<String, Floats> state() {
        Map<String, Floats> state = new LinkedHashMap<>();
        state.put(DELTA, delta.now());
        state.put(SELECTED, selected.now());
        return Collections.unmodifiableMap(state);
    }
}
