package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/**
 * 8-bit codes of {@link DynamicCode} with one scale per block: {@code code} is that of {@code x * (1 / absmax)} clamped to
 * [-1, 1], decoded as {@code number(code) * absmax}; an all-zero block has codes 127. Every operation is one fp32 operation
 * rounded once. Wire: the absmax of every block as fp32, then one byte per number; the table does not travel.
 *
 * <p>Where 1 / absmax is beyond the fp32 range, x is divided by absmax instead.
 *
 * @param block numbers per block; the last block may be shorter
 */
record DynamicInt8(int block) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 8;

    static final int USUAL_BLOCK = 4096;
    static final int LARGEST_BLOCK = 65_536;

    DynamicInt8 {
        Blocks.requireBlock("dynamic8", block, 1, LARGEST_BLOCK);
    }

    @Override
    public String name() {
        return "dynamic8";
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
        Blocks.run(workers, length, block, () -> new byte[block], (codes, at, count) -> {
            float absMax = Float.intBitsToFloat(Scan.finiteMagnitude(this, source, address, at, count));
            codes(address + at * Float.BYTES, count, absMax, codes);
            room.put(absMax, at / block * Float.BYTES);
            MemorySegment.copy(codes, 0, room.segment(), ValueLayout.JAVA_BYTE, codesAt + at, count);
        });
        room.done(target);
    }

    private static void codes(long address, int count, float absMax, byte[] codes) {
        float factor = absMax == 0 ? 0 : 1 / absMax;
        boolean ordinary = Float.isFinite(factor);
        for (int i = 0; i < count; i++) {
            float number = Lanes.get(address + i * 4L);
            float scaled = ordinary ? number * factor : number / absMax;
            codes[i] = (byte) DynamicCode.code(scaled < -1 ? -1 : scaled > 1 ? 1 : scaled);
        }
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        long length = target.length();
        Room bytes = Room.filled(this, length, source);
        long codesAt = encodedSize(length) - length;
        long address = Lanes.address("numbers", target, length);
        Blocks.run(workers, length, block, () -> new byte[block], (codes, at, count) -> {
            float absMax = bytes.getFloat(at / block * Float.BYTES);
            Blocks.requireScale(this, "absmax", absMax, at / block);
            if (absMax == 0) {
                Blocks.requireOnly(this, bytes, codesAt + at, count, DynamicCode.ZERO, at / block);
            }
            MemorySegment.copy(bytes.segment(), ValueLayout.JAVA_BYTE, codesAt + at, codes, 0, count);
            for (int i = 0; i < count; i++) {
                Lanes.set(address + (at + i) * Float.BYTES, DynamicCode.number(codes[i] & 0xff) * absMax);
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
