package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;

/**
 * Linear 8-bit codes with one scale per block: {@code scale = absmax / 127}, {@code code = clamp(rint(x / scale), -127,
 * 127)}, decoded as {@code code * scale}; a scale of 0 gives codes 0. Every operation is one fp32 operation rounded
 * once, {@code rint} rounds half to even. Wire: the absmax of every block as fp32, then one signed byte per number.
 *
 * @param block numbers per block; the last block may be shorter
 */
record BlockwiseInt8(int block) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 3;

    /** The usual block of 8-bit blockwise quantisation (Dettmers, arXiv 2110.02861): 0.1 % of overhead for scales. */
    static final int USUAL_BLOCK = 4096;

    /** 256 KiB of fp32: larger ones leave the second-level cache between the pass for the scale and that for the codes. */
    static final int LARGEST_BLOCK = 65_536;

    private static final int LARGEST_CODE = 127;

    BlockwiseInt8 {
        Blocks.requireBlock("int8", block, 1, LARGEST_BLOCK);
    }

    @Override
    public String name() {
        return "int8";
    }

    @Override
    public long encodedSize(long length) {
        return Math.addExact(length, Math.multiplyExact(Math.ceilDiv(length, (long) block), (long) Float.BYTES));
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        long length = source.length();
        Room room = Room.of(this, length, target);
        long codesAt = encodedSize(length) - length;
        long address = Lanes.address("numbers", source, length);
        Blocks.run(workers, length, block, (at, count) -> {
            float absMax = Float.intBitsToFloat(Scan.finiteMagnitude(this, source, address, at, count));
            room.put(absMax, at / block * Float.BYTES);
            float scale = absMax / LARGEST_CODE;
            if (scale == 0) { // all zero, or so small that the scale vanished
                room.segment().asSlice(codesAt + at, count).fill((byte) 0);
            } else {
                long from = address + at * Float.BYTES;
                Quantiser.encode(from, count, 0, scale, -LARGEST_CODE, LARGEST_CODE, 0, room, codesAt + at);
            }
        });
        room.done(target);
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        long length = target.length();
        Room bytes = Room.filled(this, length, source);
        long codesAt = encodedSize(length) - length;
        long address = Lanes.address("numbers", target, length);
        Blocks.run(workers, length, block, (at, count) -> {
            float absMax = bytes.getFloat(at / block * Float.BYTES);
            Blocks.requireScale(this, "absmax", absMax, at / block);
            float scale = absMax / LARGEST_CODE;
            int smallest = Quantiser.decodeSigned(bytes, codesAt + at, count, scale, address + at * Float.BYTES);
            if (smallest < -LARGEST_CODE) {
                throw new CodecException("int8: expected codes of -127 to 127, got -128 in block " + at / block);
            }
            if (scale == 0) {
                Blocks.requireOnly(this, bytes, codesAt + at, count, 0, at / block);
            }
        });
        bytes.done(source);
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
