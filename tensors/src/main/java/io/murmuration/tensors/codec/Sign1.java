package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The sign bit of every number, least significant bit first; -0 counts as negative. Decoded as +1 or -1, or, with blocks,
 * as plus or minus the mean magnitude of the block, which keeps the size of a gradient (as in EF-signSGD, Karimireddy,
 * arXiv 1901.09847). Wire: the scale of every block as fp32, if there are blocks, then the bits, the last byte filled up
 * with zeros.
 *
 * @param block numbers that share a scale, a multiple of 64; 0 for no scales
 */
record Sign1(int block) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 7;

    static final int NO_SCALES = 0;
    static final int LARGEST_BLOCK = 65_536;

    private static final IntVector SIGNS = IntVector.broadcast(Scan.INTS, Integer.MIN_VALUE);

    /** For every lane by how much a word is moved so that the lane's bit becomes the sign. */
    private static final IntVector TO_SIGN = IntVector.broadcast(Scan.INTS, Integer.SIZE - 1)
            .sub(IntVector.zero(Scan.INTS).addIndex(1));

    Sign1 {
        if (block != NO_SCALES) {
            Blocks.requireBlock("sign1", block, Long.SIZE, LARGEST_BLOCK);
            if (block % Long.SIZE != 0) {
                throw new CodecException("sign1: expected a block of a multiple of 64 numbers, got " + block);
            }
        }
    }

    @Override
    public String name() {
        return "sign1";
    }

    private boolean scaled() {
        return block != NO_SCALES;
    }

    @Override
    public long encodedSize(long length) {
        return scaleBytes(length) + Math.ceilDiv(length, (long) Byte.SIZE);
    }

    private long scaleBytes(long length) {
        return scaled() ? Math.ceilDiv(length, (long) block) * Float.BYTES : 0;
    }

    private int unit() {
        return scaled() ? block : Blocks.LENGTH;
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        Room room = Room.of(this, source.length(), target);
        long bitsAt = scaleBytes(source.length());
        long address = Lanes.address("numbers", source, source.length());
        Blocks.run(workers, source.length(), unit(), (at, count) -> {
            long from = address + at * Float.BYTES;
            if (signs(from, count, room, bitsAt + at / Byte.SIZE) >= Scan.INFINITE) {
                throw Scan.notFinite(this, source, at);
            }
            if (scaled()) {
                room.put((float) (Sums.magnitudes(from, count) / count), at / block * Float.BYTES);
            }
        });
        room.done(target);
    }

    /** Writes the signs of a block and returns the bits of its largest magnitude. */
    private static int signs(long address, int count, Room bytes, long to) {
        IntVector largest = IntVector.zero(Scan.INTS);
        int whole = count - count % Long.SIZE;
        for (int i = 0; i < whole; i += Long.SIZE) {
            long word = 0;
            for (int j = 0; j < Long.SIZE; j += Scan.WIDTH) {
                IntVector bits = Lanes.load(address + (i + j) * 4L).reinterpretAsInts();
                largest = largest.max(bits.and(Scan.MAGNITUDES));
                word |= bits.compare(VectorOperators.LT, 0).toLong() << j;
            }
            bytes.segment().set(Blocks.LONG, to + i / Byte.SIZE, word);
        }
        int magnitude = largest.reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < count; i += Byte.SIZE) {
            int word = 0;
            for (int j = i; j < Math.min(count, i + Byte.SIZE); j++) {
                int bits = Scan.bits(address + j * 4L);
                magnitude = Math.max(magnitude, bits & Scan.MAGNITUDE);
                word |= (bits >>> Integer.SIZE - 1) << j - i;
            }
            bytes.put((byte) word, to + i / Byte.SIZE);
        }
        return magnitude;
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        Room bytes = Room.filled(this, target.length(), source);
        long bitsAt = scaleBytes(target.length());
        long address = Lanes.address("numbers", target, target.length());
        Blocks.run(workers, target.length(), unit(), (at, count) -> {
            float scale = scaled() ? bytes.getFloat(at / block * Float.BYTES) : 1;
            Blocks.requireScale(this, "scale", scale, scaled() ? at / block : 0);
            numbers(bytes, bitsAt + at / Byte.SIZE, count, scale, address + at * Float.BYTES);
        });
        int past = (int) (target.length() % Byte.SIZE);
        if (past != 0 && bytes.getByte(bytes.segment().byteSize() - 1) >>> past != 0) {
            throw new CodecException("sign1: expected zeros behind the last sign, got "
                    + bytes.getByte(bytes.segment().byteSize() - 1) + " as the last byte");
        }
        bytes.done(source);
    }

    private static void numbers(Room bytes, long from, int count, float scale, long address) {
        int scaleBits = Float.floatToRawIntBits(scale) & Scan.MAGNITUDE;
        IntVector scales = IntVector.broadcast(Scan.INTS, scaleBits);
        int whole = count - count % Long.SIZE;
        for (int i = 0; i < whole; i += Long.SIZE) {
            long word = bytes.segment().get(Blocks.LONG, from + i / Byte.SIZE);
            for (int j = 0; j < Long.SIZE; j += Scan.WIDTH) {
                IntVector signs = IntVector.broadcast(Scan.INTS, (int) (word >>> j))
                        .lanewise(VectorOperators.LSHL, TO_SIGN)
                        .and(SIGNS);
                Lanes.store(signs.or(scales).reinterpretAsFloats(), address + (i + j) * 4L);
            }
        }
        for (int i = whole; i < count; i++) {
            int sign = bytes.getByte(from + i / Byte.SIZE) >>> i % Byte.SIZE << Integer.SIZE - 1;
            Lanes.set(address + i * 4L, Float.intBitsToFloat(sign | scaleBits));
        }
    }

    @Override
    public int wireId() {
        return WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[] {block};
    }
}
