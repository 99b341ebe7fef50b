package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
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

    private record Scratch(float[] block, short[] halves) {
        Scratch() {
            this(new float[Blocks.LENGTH], new short[Blocks.LENGTH]);
        }
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        MemorySegment room = Blocks.room(this, source.length(), target);
        Pieces.run(workers, source.length(), 1, Scratch::new, (scratch, from, to) -> {
            for (long at = from; at < to; at += Blocks.LENGTH) {
                int count = Blocks.load(source, at, to, scratch.block);
                Blocks.finiteAbsMax(this, scratch.block, count, at);
                narrow(scratch.block, count, scratch.halves);
                MemorySegment.copy(scratch.halves, 0, room, Blocks.SHORT, at * Short.BYTES, count);
            }
        });
        Blocks.advance(target, room);
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        MemorySegment bytes = Blocks.bytes(this, target.length(), source);
        Pieces.run(workers, target.length(), 1, Scratch::new, (scratch, from, to) -> {
            for (long at = from; at < to; at += Blocks.LENGTH) {
                int count = (int) Math.min(Blocks.LENGTH, to - at);
                MemorySegment.copy(bytes, Blocks.SHORT, at * Short.BYTES, scratch.halves, 0, count);
                widen(scratch.halves, count, scratch.block);
                Blocks.finiteAbsMax(this, scratch.block, count, at);
                Blocks.store(scratch.block, count, target, at);
            }
        });
        Blocks.advance(source, bytes);
    }

    private static void narrow(float[] block, int count, short[] halves) {
        for (int i = 0; i < count; i++) {
            halves[i] = Float.floatToFloat16(Math.max(-LARGEST, Math.min(LARGEST, block[i])));
        }
    }

    private static void widen(short[] halves, int count, float[] block) {
        for (int i = 0; i < count; i++) {
            block[i] = Float.float16ToFloat(halves[i]);
        }
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
