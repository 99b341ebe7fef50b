package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Per row {@code (x - mean) / std} as IEEE half, decoded as {@code half * std + mean}, one fused operation;
 * {@code std = sqrt(mean((x - mean)^2))}, at least 2^-23 (the rule of hivemind's ScaledFloat16Compression). Wire: the
 * halves, then the means of all rows as fp32, then their deviations.
 *
 * @param row numbers per row; the last row may be shorter. With 2^31 - 1 a tensor is one row
 */
record MeanStd16(int row) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 9;

    static final int ONE_ROW = Integer.MAX_VALUE;

    private static final float LEAST_DEVIATION = 0x1p-23f;
    private static final float LARGEST_HALF = 65504;

    /** Mean and deviation. */
    private static final int ROW_BYTES = 2 * Float.BYTES;

    MeanStd16 {
        Blocks.requireBlock("meanstd16", row, 1, ONE_ROW);
    }

    @Override
    public String name() {
        return "meanstd16";
    }

    private long rows(long length) {
        return Math.ceilDiv(length, (long) row);
    }

    @Override
    public long encodedSize(long length) {
        return Math.addExact(
                Math.multiplyExact(length, (long) Short.BYTES), Math.multiplyExact(rows(length), (long) ROW_BYTES));
    }

    private long meanAt(long length, long number) {
        return length * Short.BYTES + number * Float.BYTES;
    }

    private long deviationAt(long length, long number) {
        return meanAt(length, rows(length) + number);
    }

    /** Whether workers share a row, rather than that each takes whole rows. */
    private boolean longRows() {
        return row > Pieces.LENGTH;
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        long length = source.length();
        Room room = Room.of(this, length, target);
        long address = Lanes.address("numbers", source, length);
        if (longRows()) {
            Moments moments = new Moments();
            for (long start = 0; start < length; start += row) {
                long first = start;
                long count = Math.min(row, length - start);
                moments.of(this, source, address, start, count, workers);
                float deviation = head(moments, count, room, length, start / row);
                Blocks.run(workers, count, (at, some) -> {
                    narrow(address + (first + at) * 4, some, moments, deviation, room, (first + at) * Short.BYTES);
                });
            }
        } else {
            Blocks.run(workers, length, row, Moments::new, (moments, at, count) -> {
                moments.of(this, source, address, at, count);
                float deviation = head(moments, count, room, length, at / row);
                narrow(address + at * 4, count, moments, deviation, room, at * Short.BYTES);
            });
        }
        room.done(target);
    }

    /** Writes mean and deviation of a row; returns the deviation of the scaled numbers. */
    private float head(Moments moments, long count, Room room, long length, long number) {
        float factor = moments.factor();
        float deviation = Math.max((float) Math.sqrt(moments.squares() / count), LEAST_DEVIATION * factor);
        room.put(moments.mean() / factor, meanAt(length, number));
        room.put(deviation / factor, deviationAt(length, number));
        return deviation;
    }

    private static void narrow(long address, int count, Moments moments, float deviation, Room room, long to) {
        FloatVector factors = Lanes.all(moments.factor());
        FloatVector means = Lanes.all(moments.mean());
        FloatVector deviations = Lanes.all(deviation);
        int whole = count - count % Scan.WIDTH;
        for (int i = 0; i < whole; i += Scan.WIDTH) {
            FloatVector scaled =
                    Lanes.load(address + i * 4L).mul(factors).sub(means).div(deviations);
            // Within the range of halves: at most the root of the row's length, 46,341 for the longest.
            room.put(Halves.narrow(scaled.reinterpretAsInts()), to + i * 2L);
        }
        for (int i = whole; i < count; i++) {
            float scaled = (Lanes.get(address + i * 4L) * moments.factor() - moments.mean()) / deviation;
            room.put(Halves.narrow(Float.floatToRawIntBits(scaled)), to + i * 2L);
        }
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        long length = target.length();
        Room bytes = Room.filled(this, length, source);
        long address = Lanes.address("numbers", target, length);
        if (longRows()) {
            for (long start = 0; start < length; start += row) {
                long first = start;
                Blocks.run(workers, Math.min(row, length - start), (at, count) -> {
                    decode(bytes, length, first + at, count, address);
                });
            }
        } else {
            Blocks.run(workers, length, row, (at, count) -> decode(bytes, length, at, count, address));
        }
        bytes.done(source);
    }

    /** Decodes some numbers of one row. */
    private void decode(Room bytes, long length, long at, int count, long address) {
        float mean = bytes.getFloat(meanAt(length, at / row));
        float deviation = bytes.getFloat(deviationAt(length, at / row));
        if (!Float.isFinite(mean) || !Float.isFinite(deviation) || !(deviation >= LEAST_DEVIATION)) {
            throw new CodecException("meanstd16: expected a finite mean and a finite deviation of at least 2^-23, got "
                    + mean + " and " + deviation + " for row " + at / row);
        }
        if (widen(bytes, at * Short.BYTES, count, mean, deviation, address + at * 4) >= Halves.INFINITE) {
            throw Halves.notFinite(this, bytes, at);
        }
    }

    /** Decodes part of a row and returns the largest half without its sign, in the upper part of an int. */
    private static int widen(Room bytes, long from, int count, float mean, float deviation, long address) {
        boolean ordinary = Float.isFinite(Math.abs(mean) + LARGEST_HALF * deviation);
        FloatVector means = Lanes.all(mean);
        FloatVector deviations = Lanes.all(deviation);
        IntVector largest = IntVector.zero(Scan.INTS);
        int whole = ordinary ? count - count % Scan.WIDTH : 0;
        for (int i = 0; i < whole; i += Scan.WIDTH) {
            IntVector halves = Halves.load(bytes, from + i * 2L);
            largest = largest.max(halves.and(Scan.MAGNITUDES));
            Lanes.store(Halves.widen(halves).fma(deviations, means), address + i * 4L);
        }
        int magnitude = largest.reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < count; i++) {
            short half = bytes.getShort(from + i * 2L);
            magnitude = Math.max(magnitude, half << Short.SIZE & Scan.MAGNITUDE);
            float number = Math.fma(Float.float16ToFloat(half), deviation, mean);
            Lanes.set(address + i * 4L, Math.clamp(number, -Float.MAX_VALUE, Float.MAX_VALUE));
        }
        return magnitude;
    }

    @Override
    public int wireId() {
        return WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[] {row};
    }
}
