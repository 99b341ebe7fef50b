package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
    public void encode(Floats source, ByteBuffer target) {
        MemorySegment room = Blocks.room(this, source.length(), target);
        requireFinite(source);
        MemorySegment.copy(source.segment(), ValueLayout.JAVA_FLOAT, 0, room, Blocks.FLOAT, 0, source.length());
        Blocks.advance(target, room);
    }

    @Override
    public void decode(ByteBuffer source, Floats target) {
        MemorySegment bytes = Blocks.bytes(this, target.length(), source);
        MemorySegment.copy(bytes, Blocks.FLOAT, 0, target.segment(), ValueLayout.JAVA_FLOAT, 0, target.length());
        requireFinite(target);
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

    private void requireFinite(Floats numbers) {
        float[] block = Blocks.scratch(numbers.length(), Blocks.LENGTH);
        for (long from = 0; from < numbers.length(); from += block.length) {
            int count = Blocks.load(numbers, from, block);
            Blocks.finiteAbsMax(this, block, count, from);
        }
    }
}
