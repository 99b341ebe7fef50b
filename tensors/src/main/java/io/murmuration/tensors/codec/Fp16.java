package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * IEEE 754 half precision, 2 bytes each: clamped to [-65504, 65504], rounded half to even, subnormals kept (the rule of
 * hivemind's Float16Compression).
 */
record Fp16() implements Codec {

    private static final float LARGEST = 65504f;

    @Override
    public String name() {
        return "fp16";
    }

    @Override
    public long encodedSize(long length) {
        return Math.multiplyExact(length, (long) Short.BYTES);
    }

    @Override
    public void encode(Floats source, ByteBuffer target) {
        MemorySegment room = Blocks.room(this, source.length(), target);
        float[] block = Blocks.scratch(source.length(), Blocks.LENGTH);
        short[] halves = new short[block.length];
        for (long from = 0; from < source.length(); from += block.length) {
            int count = Blocks.load(source, from, block);
            Blocks.finiteAbsMax(this, block, count, from);
            for (int i = 0; i < count; i++) {
                halves[i] = Float.floatToFloat16(Math.max(-LARGEST, Math.min(LARGEST, block[i])));
            }
            MemorySegment.copy(halves, 0, room, Blocks.SHORT, from * Short.BYTES, count);
        }
        Blocks.advance(target, room);
    }

    @Override
    public void decode(ByteBuffer source, Floats target) {
        MemorySegment bytes = Blocks.bytes(this, target.length(), source);
        float[] block = Blocks.scratch(target.length(), Blocks.LENGTH);
        short[] halves = new short[block.length];
        for (long from = 0; from < target.length(); from += block.length) {
            int count = (int) Math.min(block.length, target.length() - from);
            MemorySegment.copy(bytes, Blocks.SHORT, from * Short.BYTES, halves, 0, count);
            for (int i = 0; i < count; i++) {
                block[i] = Float.float16ToFloat(halves[i]);
            }
            Blocks.finiteAbsMax(this, block, count, from);
            Blocks.store(block, count, target, from);
        }
        Blocks.advance(source, bytes);
    }

    @Override
    public int wireId() {
        return 2;
    }

    @Override
    public int[] wireParameters() {
        return new int[0];
    }
}
