package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.ObjIntConsumer;

/**
 * The k numbers of largest magnitude of a whole tensor, exactly, ties to the lower index. Three passes count magnitudes
 * by 11, 10 and 10 bits, each among those that agree with the threshold so far, until the k-th largest magnitude is
 * known; a fourth writes. Counts are whole numbers kept per range, so ranges may be done by any thread in any order, and
 * they also say where each range writes. Memory: 2 MiB of counts at most, whatever the tensor holds, also if all of it
 * is equal.
 */
final class GlobalTop {

    /** Numbers that are worked on at once: 16 KiB, half a first-level cache. */
    static final int BLOCK = 4096;

    /** Most ranges that a tensor is cut into. */
    private static final int RANGES = 256;

    private static final int SMALLEST_RANGE = 65_536;
    private static final int[] SHIFTS = {20, 10, 0};
    private static final int BUCKETS = 1 << 11;

    /** Neighbours often fall into one bucket; two tables let one count while the other's store is under way. */
    private record Scratch(int[] bits, int[] odd) {
        Scratch() {
            this(new int[BLOCK], new int[BUCKETS]);
        }
    }

    private final Codec codec;
    private final Floats numbers;
    private final Workers workers;
    private final long range;
    private final int ranges;
    private final int[][] counts;
    private final int[] above;
    private final int[] ties;
    private final Queue<Scratch> free = new ConcurrentLinkedQueue<>();
    private int threshold;

    private GlobalTop(Codec codec, Floats numbers, Workers workers) {
        this.codec = codec;
        this.numbers = numbers;
        this.workers = workers;
        this.range = range(numbers.length());
        this.ranges = Math.toIntExact(Math.ceilDiv(numbers.length(), range));
        this.counts = new int[ranges][BUCKETS];
        this.above = new int[ranges];
        this.ties = new int[ranges];
    }

    /** Numbers per range: whole blocks, and a function of the length alone. */
    static long range(long length) {
        long even = Math.ceilDiv(length, (long) RANGES);
        return Math.ceilDiv(Math.max(SMALLEST_RANGE, even), (long) BLOCK) * BLOCK;
    }

    /**
     * Writes k indices, ascending, as 32 bits from {@code indicesAt} on, and their numbers from {@code valuesAt} on.
     *
     * @throws CodecException if a number is not finite
     */
    static void write(
            Codec codec, Floats numbers, int k, MemorySegment target, long indicesAt, long valuesAt, Workers workers) {
        GlobalTop top = new GlobalTop(codec, numbers, workers);
        int left = k;
        for (int level = 0; level < SHIFTS.length; level++) {
            left = top.refine(level, left);
        }
        top.share(left);
        top.emit(target, indicesAt, valuesAt);
    }

    @FunctionalInterface
    private interface Block {
        void run(Scratch scratch, long from, int count);
    }

    private void blocks(int number, Scratch scratch, Block block) {
        long end = Math.min(numbers.length(), (number + 1) * range);
        for (long at = number * range; at < end; at += BLOCK) {
            int count = (int) Math.min(BLOCK, end - at);
            MemorySegment.copy(numbers.segment(), ValueLayout.JAVA_INT, at * Float.BYTES, scratch.bits, 0, count);
            block.run(scratch, at, count);
        }
    }

    private void eachRange(ObjIntConsumer<Scratch> body) {
        workers.run(ranges, number -> {
            Scratch taken = free.poll();
            Scratch own = taken == null ? new Scratch() : taken;
            body.accept(own, number);
            free.add(own);
        });
    }

    /** Finds the threshold's next bits; of the {@code left} numbers that were sought, how many equal the threshold so far. */
    private int refine(int level, int left) {
        int shift = SHIFTS[level];
        eachRange((scratch, number) -> {
            int[] table = counts[number];
            Arrays.fill(table, 0);
            if (level == 0) {
                Arrays.fill(scratch.odd, 0);
                blocks(number, scratch, (own, from, count) -> countAll(own.bits, count, shift, table, own.odd));
                for (int bucket = 0; bucket < BUCKETS; bucket++) {
                    table[bucket] += scratch.odd[bucket];
                }
            } else {
                int prefix = threshold >>> SHIFTS[level - 1];
                blocks(
                        number,
                        scratch,
                        (own, from, count) -> countMatching(own.bits, count, prefix, SHIFTS[level - 1], shift, table));
            }
        });
        if (level == 0) {
            requireFinite();
        }
        int bucket = BUCKETS;
        long larger = 0;
        long here = 0;
        while (larger + here < left) {
            larger += here;
            bucket--;
            here = 0;
            for (int[] table : counts) {
                here += table[bucket];
            }
        }
        for (int number = 0; number < ranges; number++) {
            for (int higher = bucket + 1; higher < BUCKETS; higher++) {
                above[number] += counts[number][higher];
            }
            ties[number] = counts[number][bucket];
        }
        threshold |= bucket << shift;
        return (int) (left - larger);
    }

    private static void countAll(int[] bits, int count, int shift, int[] even, int[] odd) {
        int i = 0;
        for (; i + 1 < count; i += 2) {
            even[(bits[i] & Scan.MAGNITUDE) >>> shift]++;
            odd[(bits[i + 1] & Scan.MAGNITUDE) >>> shift]++;
        }
        if (i < count) {
            even[(bits[i] & Scan.MAGNITUDE) >>> shift]++;
        }
    }

    private static void countMatching(int[] bits, int count, int prefix, int prefixShift, int shift, int[] table) {
        int mask = (1 << prefixShift - shift) - 1;
        for (int i = 0; i < count; i++) {
            int magnitude = bits[i] & Scan.MAGNITUDE;
            if (magnitude >>> prefixShift == prefix) {
                table[magnitude >>> shift & mask]++;
            }
        }
    }

    private void requireFinite() {
        for (int number = 0; number < ranges; number++) {
            for (int bucket = Scan.INFINITE >>> SHIFTS[0]; bucket < BUCKETS; bucket++) {
                if (counts[number][bucket] > 0) {
                    throw Scan.notFinite(codec, numbers, number * range);
                }
            }
        }
    }

    /** Gives the {@code left} places of numbers that equal the threshold to the lowest indices. */
    private void share(int left) {
        for (int number = 0; number < ranges; number++) {
            ties[number] = Math.min(ties[number], left);
            left -= ties[number];
        }
    }

    private void emit(MemorySegment target, long indicesAt, long valuesAt) {
        int[] starts = new int[ranges];
        for (int number = 1; number < ranges; number++) {
            starts[number] = starts[number - 1] + above[number - 1] + ties[number - 1];
        }
        eachRange((scratch, number) -> {
            int end = starts[number] + above[number] + ties[number];
            int[] place = {starts[number], ties[number]}; // where the next goes; how many ties may still go
            blocks(number, scratch, (own, from, count) -> {
                if (place[0] < end) {
                    emit(own.bits, count, from, place, target, indicesAt, valuesAt);
                }
            });
        });
    }

    private void emit(
            int[] bits, int count, long from, int[] place, MemorySegment target, long indicesAt, long valuesAt) {
        int least = threshold;
        int at = place[0];
        int tiesLeft = place[1];
        for (int i = 0; i < count; i++) {
            int magnitude = bits[i] & Scan.MAGNITUDE;
            if (magnitude >= least && (magnitude > least || tiesLeft-- > 0)) {
                target.set(Blocks.INT, indicesAt + (long) at * Integer.BYTES, (int) (from + i));
                target.set(Blocks.INT, valuesAt + (long) at * Integer.BYTES, bits[i]);
                at++;
            }
        }
        place[0] = at;
        place[1] = Math.max(0, tiesLeft);
    }
}
