package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** The numbers as they are: 4 bytes each. */
record Fp32() implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 1;

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
        Room room = Room.of(this, source.length(), target);
        long address = Lanes.address("numbers", source, source.length());
        Blocks.run(workers, source.length(), (at, count) -> {
            Scan.finiteMagnitude(this, source, address, at, count);
            MemorySegment.copy(
                    source.segment(), ValueLayout.JAVA_FLOAT, at * 4, room.segment(), Blocks.FLOAT, at * 4, count);
        });
        room.done(target);
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        Room bytes = Room.filled(this, target.length(), source);
        long address = Lanes.address("numbers", target, target.length());
        Blocks.run(workers, target.length(), (at, count) -> {
            MemorySegment.copy(
                    bytes.segment(), Blocks.FLOAT, at * 4, target.segment(), ValueLayout.JAVA_FLOAT, at * 4, count);
            Scan.finiteMagnitude(this, target, address, at, count);
        });
        bytes.done(source);
    }

    @Override
    public int wireId() {
        return WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[0];
    }
}
