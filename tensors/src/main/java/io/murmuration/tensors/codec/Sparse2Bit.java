package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/**
 * The form of SparseLoCo (arXiv 2508.15706, section 3; tplr-ai/templar): of every chunk of consecutive numbers the k of
 * largest magnitude, ties to the lower index, with 12-bit indices and 2-bit values. Over all m selected values v of the
 * tensor: {@code shift = mean(v)}, {@code c = v - shift}, {@code s = 6 |c| / sqrt(m - 1) / 4} (1 if that is 0 or not
 * finite), {@code code = clamp(rint(c / s + 2), 0, 3)}; a code decodes to the mean of its c, plus the shift.
 *
 * <p>Chunks are consecutive numbers of the flattened tensor, 4096 for the paper's 64 x 64: what is selected then follows
 * from the numbers alone, whatever a tensor's shape, and no side has to divide an axis. The golden group {@code
 * sparse2bit} defines them so.
 *
 * <p>Wire: shift and four means as fp32; then per chunk the indices, two to three bytes (an odd one is paired with 0),
 * and the codes, four to a byte, the first in the lowest bits.
 *
 * @param chunk numbers of a chunk, 1 to 4096; the last may be shorter
 * @param k selected of each chunk; a shorter one sends all
 */
record Sparse2Bit(int chunk, int k) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 33;

    /** What 12 bits can tell apart. */
    static final int LARGEST_CHUNK = 4096;

    static final int USUAL_K = 64;
    private static final int INDEX_BITS = 12;
    private static final int CODE_BITS = 2;
    private static final int CODES = 1 << CODE_BITS;
    private static final int HEADER_BYTES = (1 + CODES) * Float.BYTES;
    /** Pieces that sums are kept of. */
    private static final int MOST_PIECES = 1024;

    /** Standard deviations that the codes span. */
    private static final int SPAN = 6;

    Sparse2Bit {
        if (chunk < 1 || chunk > LARGEST_CHUNK || k < 1 || k > chunk) {
            throw new CodecException("sparse2bit: expected a chunk of 1 to " + LARGEST_CHUNK
                    + " numbers and 1 to as many selected, got " + chunk + " and " + k);
        }
    }

    @Override
    public String name() {
        return "sparse2bit";
    }

    private int selected(long numbers) {
        return (int) Math.min(k, numbers);
    }

    private static long indexBytes(int selected) {
        return Math.ceilDiv(selected, 2) * 3L;
    }

    private static long chunkBytes(int selected) {
        return indexBytes(selected) + BitPacking.bytes(selected, CODE_BITS);
    }

    private long at(long chunkNumber) {
        return HEADER_BYTES + chunkNumber * chunkBytes(k);
    }

    @Override
    public long encodedSize(long length) {
        long tail = length % chunk;
        return Math.addExact(at(length / chunk), tail == 0 ? 0 : chunkBytes(selected(tail)));
    }

    private long values(long length) {
        return length / chunk * k + selected(length % chunk);
    }

    /** What a worker works with; the shorter last chunk gets one of its own. */
    private final class Scratch {
        private final int[] bits;
        private final TopSelection selection;
        private final int[] slots;
        private final int[] codes;
        private final float[] dense;

        Scratch(int numbers) {
            bits = new int[numbers];
            slots = new int[selected(numbers)];
            codes = new int[slots.length];
            dense = new float[numbers];
            selection = new TopSelection(numbers, slots.length, 1);
        }
    }

    @FunctionalInterface
    private interface Body {
        void run(Scratch scratch, int piece, long chunkNumber, long from);
    }

    /** Sums are kept per piece and then added in order, so it does not matter who made them. */
    private Pieces pieces(long length) {
        return Pieces.atMost(MOST_PIECES, length, chunk);
    }

    private void eachChunk(Workers workers, long length, Body body) {
        pieces(length).run(workers, () -> new Scratch(chunk), (scratch, piece, from, to) -> {
            for (long at = from; at < to; at += chunk) {
                Scratch own = length - at >= chunk ? scratch : new Scratch((int) (length - at));
                body.run(own, piece, at / chunk, at);
            }
        });
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        long length = source.length();
        Room whole = Room.of(this, length, target);
        MemorySegment room = whole.segment();
        int pieces = pieces(length).count();
        double[] selected = new double[pieces];
        eachChunk(workers, length, (scratch, piece, number, from) -> {
            selected[piece] += select(scratch, source, from, room, at(number));
        });
        float shift = length == 0 ? 0 : (float) (sum(selected) / values(length));
        double[] squares = new double[pieces];
        eachChunk(workers, length, (scratch, piece, number, from) -> {
            readSlots(scratch, room, at(number), from);
            for (int slot : scratch.slots) {
                float centred = source.get(from + slot) - shift;
                squares[piece] += (double) centred * centred;
            }
        });
        double step = SPAN * Math.sqrt(sum(squares)) / Math.sqrt(values(length) - 1.0) / CODES;
        float scale = step > 0 && (float) step > 0 && step <= Float.MAX_VALUE ? (float) step : 1;
        double[] sums = new double[pieces * CODES];
        int[] counts = new int[pieces * CODES];
        eachChunk(workers, length, (scratch, piece, number, from) -> {
            readSlots(scratch, room, at(number), from);
            quantise(scratch, source, from, shift, scale, piece * CODES, sums, counts);
            int codes = scratch.codes.length;
            BitPacking.write(scratch.codes, codes, CODE_BITS, room, at(number) + indexBytes(codes));
        });
        writeHeader(room, shift, sums, counts);
        whole.done(target);
    }

    private double select(Scratch scratch, Floats source, long from, MemorySegment room, long at) {
        int numbers = scratch.bits.length;
        MemorySegment.copy(source.segment(), ValueLayout.JAVA_INT, from * Float.BYTES, scratch.bits, 0, numbers);
        if (!scratch.selection.select(scratch.bits)) {
            throw Scan.notFinite(this, source, from);
        }
        long indexBytes = indexBytes(scratch.slots.length);
        room.set(ValueLayout.JAVA_BYTE, at + indexBytes - 1, (byte) 0); // an odd count leaves it unwritten
        BitPacking.write(scratch.selection.slots(), scratch.slots.length, INDEX_BITS, room, at);
        double sum = 0;
        for (float value : scratch.selection.values()) {
            sum += value;
        }
        return sum;
    }

    private static void quantise(
            Scratch scratch,
            Floats source,
            long from,
            float shift,
            float scale,
            int firstBucket,
            double[] sums,
            int[] counts) {
        for (int i = 0; i < scratch.codes.length; i++) {
            float centred = source.get(from + scratch.slots[i]) - shift;
            int code = (int) Math.max(0, Math.min(CODES - 1, Math.rint(centred / scale + CODES / 2)));
            scratch.codes[i] = code;
            sums[firstBucket + code] += centred;
            counts[firstBucket + code]++;
        }
    }

    private void writeHeader(MemorySegment room, float shift, double[] sums, int[] counts) {
        room.set(Blocks.FLOAT, 0, shift);
        for (int code = 0; code < CODES; code++) {
            double sum = 0;
            long count = 0;
            for (int bucket = code; bucket < sums.length; bucket += CODES) {
                sum += sums[bucket];
                count += counts[bucket];
            }
            float mean = count == 0 ? 0 : (float) (sum / count);
            if (!Float.isFinite(mean + shift)) {
                throw new CodecException("sparse2bit: expected values whose spread is finite, got a mean of " + mean
                        + " around " + shift);
            }
            room.set(Blocks.FLOAT, (1L + code) * Float.BYTES, mean);
        }
    }

    private static double sum(double[] partials) {
        double sum = 0;
        for (double partial : partials) {
            sum += partial;
        }
        return sum;
    }

    private void readSlots(Scratch scratch, MemorySegment bytes, long at, long from) {
        int selected = scratch.slots.length;
        BitPacking.read(name(), bytes, at, scratch.slots, selected, INDEX_BITS);
        if (selected % 2 != 0) { // the index that fills up the pair ends in a byte of its own
            BitPacking.requireZero(name(), bytes.get(ValueLayout.JAVA_BYTE, at + indexBytes(selected) - 1));
        }
        int before = -1;
        for (int slot : scratch.slots) {
            if (slot <= before || slot >= scratch.dense.length) {
                throw new CodecException("sparse2bit: expected ascending indices below " + scratch.dense.length
                        + ", got " + slot + " behind " + before + " in the chunk at " + from);
            }
            before = slot;
        }
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        Room whole = Room.filled(this, target.length(), source);
        MemorySegment bytes = whole.segment();
        float shift = bytes.get(Blocks.FLOAT, 0);
        float[] decoded = new float[CODES];
        for (int code = 0; code < CODES; code++) {
            decoded[code] = bytes.get(Blocks.FLOAT, (1L + code) * Float.BYTES) + shift;
            if (!Float.isFinite(decoded[code])) {
                throw new CodecException(
                        "sparse2bit: expected finite values, got " + decoded[code] + " for code " + code);
            }
        }
        eachChunk(workers, target.length(), (scratch, piece, number, from) -> {
            int selected = scratch.slots.length;
            readSlots(scratch, bytes, at(number), from);
            BitPacking.read(name(), bytes, at(number) + indexBytes(selected), scratch.codes, selected, CODE_BITS);
            for (int i = 0; i < selected; i++) {
                scratch.dense[scratch.slots[i]] = decoded[scratch.codes[i]];
            }
            VectorMath.store(scratch.dense, scratch.dense.length, target, from);
            for (int slot : scratch.slots) {
                scratch.dense[slot] = 0; // leaves zeros for the next chunk
            }
        });
        whole.done(source);
    }

    @Override
    public int wireId() {
        return WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[] {chunk, k};
    }
}
