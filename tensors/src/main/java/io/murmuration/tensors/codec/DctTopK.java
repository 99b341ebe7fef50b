package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.ChunkTransform;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.ObjLongConsumer;

/**
 * The largest coefficients of every chunk's orthonormal DCT-II (DeMo, arXiv 2411.19870, section 3; bloc97/DeMo,
 * {@code TransformDCT} and {@code CompressDCT}). A matrix is cut into chunks of {@code height x width}, row of chunks by
 * row of chunks; a vector is a matrix of one row. Slot {@code u * width + v} holds coefficient (u, v). Per chunk the k
 * slots of largest magnitude are sent, ascending, ties to the lower slot: as fp32, or (DisTrO) one sign bit each.
 *
 * @param columns length of the last axis
 * @param height rows of a chunk, a divisor of the number of rows
 * @param width columns of a chunk, a divisor of {@code columns}
 * @param k coefficients sent of each chunk
 * @param signs whether only their signs are sent
 */
public record DctTopK(int columns, int height, int width, int k, boolean signs) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 34;

    static final int WIRE_ID_OF_SIGNS = 35;

    /** Sum of magnitudes up to which nothing overflows on the way back: no wave is larger than 1. */
    private static final double LARGEST_SUM = Float.MAX_VALUE / 4;

    public DctTopK {
        int longest = ChunkTransform.LONGEST_SIDE;
        if (columns < 1 || height < 1 || height > longest || width < 1 || width > longest || columns % width != 0) {
            throw new CodecException("dct: expected chunks of sides 1 to " + longest + " that cut rows of " + columns
                    + " evenly, got " + height + " x " + width);
        }
        if (k < 1 || k > height * width) {
            throw new CodecException("dct: expected 1 to " + height * width + " coefficients of each chunk, got " + k);
        }
    }

    /**
     * For a tensor of this shape: each side of a chunk is the largest divisor of its axis up to {@code target}.
     *
     * @param topK coefficients of a chunk; a smaller chunk sends all
     */
    public static DctTopK of(List<Integer> shape, int target, int topK, boolean signs) {
        int columns = shape.getLast();
        int height = shape.size() == 1 ? 1 : ChunkTransform.side(shape.get(shape.size() - 2), target);
        int width = ChunkTransform.side(columns, target);
        return new DctTopK(columns, height, width, Math.min(topK, height * width), signs);
    }

    /** The same selection with full values, or with signs only. */
    public DctTopK withSigns(boolean only) {
        return new DctTopK(columns, height, width, k, only);
    }

    @Override
    public String name() {
        return signs ? "dct-sign" : "dct";
    }

    @Override
    public long encodedSize(long length) {
        long row = (long) height * columns;
        if (length % row != 0) {
            throw new CodecException(name() + ": expected whole rows of chunks of " + row + " numbers, got " + length);
        }
        return Math.multiplyExact(length / slots(), chunk().bytes());
    }

    private int slots() {
        return height * width;
    }

    private SparseChunk chunk() {
        return new SparseChunk(slots(), k, signs);
    }

    /** Where the first number of a chunk is. */
    private long start(long chunk) {
        int across = columns / width;
        return chunk / across * height * columns + chunk % across * width;
    }

    /** Runs over chunks with scratch that is handed back; what a failure leaves behind is not. */
    private void eachChunk(Workers workers, long length, ObjLongConsumer<DctScratch> body) {
        Pieces.of(length, slots()).run(workers, () -> this, (same, piece, from, to) -> {
            DctScratch scratch = DctScratch.take(height, width, k);
            for (long chunk = from / slots(); chunk < to / slots(); chunk++) {
                body.accept(scratch, chunk);
            }
            scratch.giveBack();
        });
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        Room whole = Room.of(this, source.length(), target);
        MemorySegment room = whole.segment();
        SparseChunk layout = chunk();
        eachChunk(workers, source.length(), (scratch, chunk) -> {
            scratch.transform.forward(source, start(chunk), columns, scratch.coefficients);
            if (!scratch.selection.select(scratch.coefficients) || tooLarge(scratch.selection.values(), k)) {
                throw refusal(source, chunk);
            }
            layout.write(scratch.selection.slots(), scratch.selection.values(), room, chunk * layout.bytes());
        });
        whole.done(target);
    }

    private CodecException refusal(Floats source, long chunk) {
        for (int i = 0; i < height; i++) {
            long row = start(chunk) + (long) i * columns;
            for (long index = row; index < row + width; index++) {
                if (!Float.isFinite(source.get(index))) {
                    return Scan.notFinite(this, source, row);
                }
            }
        }
        return new CodecException(
                name() + ": expected numbers whose transform is finite, but chunk " + chunk + " overflows");
    }

    private static boolean tooLarge(float[] values, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += Math.abs((double) values[i]);
        }
        return sum > LARGEST_SUM;
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        Room whole = Room.filled(this, target.length(), source);
        MemorySegment bytes = whole.segment();
        decodeSegments(List.of(bytes), target, workers);
        whole.done(source);
    }

    /**
     * Per slot the mean <b>over those that sent it</b>, summed in the order given, transformed back. One payload alone
     * gives what its sender selected.
     *
     * @param payloads at least one, each {@code encodedSize(target.length())} bytes from its position on
     * @throws CodecException if a payload is not what an encoder writes
     */
    void decodeMean(List<ByteBuffer> payloads, Floats target, Workers workers) {
        decodeSegments(
                payloads.stream()
                        .map(payload ->
                                Room.filled(this, target.length(), payload).segment())
                        .toList(),
                target,
                workers);
    }

    private void decodeSegments(List<MemorySegment> payloads, Floats target, Workers workers) {
        eachChunk(workers, target.length(), (scratch, chunk) -> {
            int count = mean(scratch, payloads, chunk);
            if (tooLarge(scratch.means, count)) {
                throw new CodecException(
                        name() + ": expected values whose inverse is finite, but chunk " + chunk + " overflows");
            }
            scratch.transform.inverse(scratch.meanSlots, scratch.means, count, target, start(chunk), columns);
        });
    }

    private int mean(DctScratch scratch, List<MemorySegment> payloads, long chunk) {
        SparseChunk layout = chunk();
        if (payloads.size() == 1) {
            layout.read(name(), payloads.getFirst(), chunk * layout.bytes(), scratch.meanSlots, scratch.means);
            return k;
        }
        Arrays.fill(scratch.counts, 0);
        for (MemorySegment payload : payloads) {
            layout.read(name(), payload, chunk * layout.bytes(), scratch.selected, scratch.values);
            for (int i = 0; i < k; i++) {
                int slot = scratch.selected[i];
                scratch.sums[slot] =
                        scratch.counts[slot]++ == 0 ? scratch.values[i] : scratch.sums[slot] + scratch.values[i];
            }
        }
        int count = 0;
        for (int slot = 0; slot < slots(); slot++) {
            if (scratch.counts[slot] > 0) {
                scratch.meanSlots[count] = slot;
                scratch.means[count++] = scratch.sums[slot] / scratch.counts[slot];
            }
        }
        return count;
    }

    /** From a payload with full values to the one with only their signs: the same slots. */
    void signsOf(ByteBuffer full, long length, ByteBuffer target) {
        DctTopK values = new DctTopK(columns, height, width, k, false);
        MemorySegment from = Room.filled(values, length, full).segment();
        Room whole = Room.of(this, length, target);
        MemorySegment to = whole.segment();
        eachChunk(Workers.SERIAL, length, (scratch, chunk) -> {
            values.chunk().read(name(), from, chunk * values.chunk().bytes(), scratch.selected, scratch.values);
            chunk().write(scratch.selected, scratch.values, to, chunk * chunk().bytes());
        });
        whole.done(target);
    }

    @Override
    public int wireId() {
        return signs ? WIRE_ID_OF_SIGNS : WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[] {columns, height, width, k};
    }
}
