package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** The numbers as they are: 4 bytes each. */
record Fp32() implements Codec {

    @Override
    public String name() {
        return "fp32";
    }

    @Override
    public long encodedSize(long length) {
        return Math.multiplyExact(length, (long) Float.BYTES);
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        MemorySegment room = Blocks.room(this, source.length(), target);
        Pieces.run(workers, source.length(), 1, () -> new float[Blocks.LENGTH], (block, from, to) -> {
            for (long at = from; at < to; at += block.length) {
                int count = Blocks.load(source, at, to, block);
                Blocks.finiteAbsMax(this, block, count, at);
                MemorySegment.copy(block, 0, room, Blocks.FLOAT, at * Float.BYTES, count);
            }
        });
        Blocks.advance(target, room);
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        MemorySegment bytes = Blocks.bytes(this, target.length(), source);
        Pieces.run(workers, target.length(), 1, () -> new float[Blocks.LENGTH], (block, from, to) -> {
            for (long at = from; at < to; at += block.length) {
                int count = (int) Math.min(block.length, to - at);
                MemorySegment.copy(bytes, Blocks.FLOAT, at * Float.BYTES, block, 0, count);
                Blocks.finiteAbsMax(this, block, count, at);
                Blocks.store(block, count, target, at);
            }
        });
        Blocks.advance(source, bytes);
    }

    @Override
    public int wireId() {
        return 1;
    }

    @Override
    public int[] wireParameters() {
        return new int[0];
    }
}
