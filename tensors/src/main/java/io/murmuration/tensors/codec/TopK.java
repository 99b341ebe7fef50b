package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/**
 * The numbers of largest magnitude, exactly, ties to the lower index; all others decode to 0. Of the whole tensor, with
 * 32-bit indices, or of every chunk of consecutive numbers (the last may be shorter), with indices as wide as the chunk
 * needs: 12 bits for 4096.
 *
 * @param chunk numbers of a chunk, 0 for the whole tensor as one
 * @param count numbers sent of each chunk; a shorter chunk sends all; 0 if {@code share} says how many
 * @param share numbers sent of a million, rounded up, at least one of each chunk; 0 if {@code count} is given
 */
record TopK(int chunk, int count, int share) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 32;

    /** What a decoder is ready to hold in scratch. */
    static final int LARGEST_CHUNK = 65_536;

    static final int MILLION = 1_000_000;

    /** 1 %. */
    static final int USUAL_SHARE = 10_000;

    TopK {
        if (chunk < 0 || chunk > LARGEST_CHUNK) {
            throw new CodecException("topk: expected chunks of 1 to " + LARGEST_CHUNK
                    + " numbers, or 0 for the whole tensor, got " + chunk);
        }
        if (count < 0 || (count == 0 && (share < 1 || share > MILLION))) {
            throw new CodecException("topk: expected a count of at least 1, or 0 and a share of 1 to " + MILLION
                    + " in a million, got " + count + " and " + share);
        }
        if (count > 0 && share != 0) { // else two headers would mean one codec
            throw new CodecException("topk: expected a count or a share, got " + count + " and " + share);
        }
    }

    @Override
    public String name() {
        return "topk";
    }

    /** How many of {@code numbers} numbers are sent. */
    private int selected(long numbers) {
        long wanted = count > 0 ? count : Math.ceilDiv(numbers * share, (long) MILLION);
        return (int) Math.min(numbers, wanted);
    }

    private SparseChunk layout(int numbers) {
        return new SparseChunk(numbers, selected(numbers), false);
    }

    @Override
    public long encodedSize(long length) {
        if (length > Integer.MAX_VALUE) {
            throw new CodecException("topk: expected at most " + Integer.MAX_VALUE + " numbers, got " + length);
        }
        if (chunk == 0) {
            return Integer.BYTES + (long) selected(length) * (Integer.BYTES + Float.BYTES);
        }
        long tail = length % chunk;
        return length / chunk * layout(chunk).bytes()
                + (tail == 0 ? 0 : layout((int) tail).bytes());
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        Room whole = Room.of(this, source.length(), target);
        MemorySegment room = whole.segment();
        if (chunk > 0) {
            encodeChunks(source, room, workers);
        } else if (source.length() > 0) {
            int k = selected(source.length());
            long valuesAt = Integer.BYTES * (1L + k);
            if (!CandidateTop.write(this, source, k, room, Integer.BYTES, valuesAt, workers)) {
                GlobalTop.write(this, source, k, room, Integer.BYTES, valuesAt, workers);
            }
            room.set(Blocks.INT, 0, k);
        }
        whole.done(target);
    }

    /** What a worker selects with; the shorter last chunk gets one of its own. */
    private final class Scratch {
        private final int[] bits;
        private final TopSelection selection;
        private final SparseChunk layout;
        private final int[] slots;
        private final float[] values;
        private final float[] dense;

        Scratch(int numbers) {
            bits = new int[numbers];
            layout = layout(numbers);
            selection = new TopSelection(numbers, layout.k(), 1);
            slots = new int[layout.k()];
            values = new float[layout.k()];
            dense = new float[numbers];
        }
    }

    private Scratch fitting(Scratch scratch, long left) {
        return left >= scratch.bits.length ? scratch : new Scratch((int) left);
    }

    private void encodeChunks(Floats source, MemorySegment room, Workers workers) {
        long length = source.length();
        long chunkBytes = layout(chunk).bytes();
        Pieces.of(length, chunk).run(workers, () -> new Scratch(chunk), (scratch, piece, from, to) -> {
            for (long at = from; at < to; at += chunk) {
                Scratch own = fitting(scratch, length - at);
                int numbers = own.bits.length;
                MemorySegment.copy(source.segment(), ValueLayout.JAVA_INT, at * Float.BYTES, own.bits, 0, numbers);
                if (!own.selection.select(own.bits)) {
                    throw Scan.notFinite(this, source, at);
                }
                own.layout.write(own.selection.slots(), own.selection.values(), room, at / chunk * chunkBytes);
            }
        });
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        Room whole = Room.filled(this, target.length(), source);
        MemorySegment bytes = whole.segment();
        if (chunk > 0) {
            decodeChunks(bytes, target, workers);
        } else {
            decodeWhole(bytes, target);
        }
        whole.done(source);
    }

    private void decodeChunks(MemorySegment bytes, Floats target, Workers workers) {
        long length = target.length();
        long chunkBytes = layout(chunk).bytes();
        Pieces.of(length, chunk).run(workers, () -> new Scratch(chunk), (scratch, piece, from, to) -> {
            for (long at = from; at < to; at += chunk) {
                Scratch own = fitting(scratch, length - at);
                own.layout.read(name(), bytes, at / chunk * chunkBytes, own.slots, own.values);
                for (int i = 0; i < own.slots.length; i++) {
                    own.dense[own.slots[i]] = own.values[i];
                }
                VectorMath.store(own.dense, own.dense.length, target, at);
                for (int slot : own.slots) {
                    own.dense[slot] = 0; // leaves zeros for the next chunk
                }
            }
        });
    }

    /** In the caller's thread: clearing the target is most of it, and that is as fast as memory. */
    private void decodeWhole(MemorySegment bytes, Floats target) {
        target.clear();
        if (target.length() == 0) {
            return;
        }
        int k = selected(target.length());
        int claimed = bytes.get(Blocks.INT, 0);
        if (claimed != k) {
            throw new CodecException("topk: expected " + k + " of " + target.length() + " numbers, got "
                    + Integer.toUnsignedLong(claimed));
        }
        long valuesAt = Integer.BYTES * (1L + k);
        long before = -1;
        for (int i = 0; i < k; i++) {
            int index = bytes.get(Blocks.INT, Integer.BYTES * (1L + i));
            float value = bytes.get(Blocks.FLOAT, valuesAt + (long) i * Float.BYTES);
            if (index <= before || index >= target.length() || !Float.isFinite(value)) {
                throw new CodecException("topk: expected ascending indices below " + target.length()
                        + " and finite values, got " + value + " at " + Integer.toUnsignedLong(index) + " behind "
                        + before);
            }
            target.set(index, value);
            before = index;
        }
    }

    @Override
    public int wireId() {
        return WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[] {chunk, count, share};
    }
}
