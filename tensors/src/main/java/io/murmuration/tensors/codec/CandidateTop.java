package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ObjIntConsumer;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The fast way to the k largest numbers of a whole tensor, for k small beside it: two passes instead of the four of
 * {@link GlobalTop}, which does what this one cannot. A block of 4096 numbers has 256 groups of 16, whose maxima vectors
 * find at the speed of memory. A magnitude that k maxima reach is reached by at least k numbers; so the first pass counts
 * maxima, and the second collects what reaches that bound, mostly little more than k numbers, from which the exact ones
 * are taken. If they are too many to hold, because many are equal or k is large, it gives up.
 */
final class CandidateTop {

    /** Most candidates that are held: 8 MiB. */
    private static final long LARGEST = 1 << 20;

    private static final int GROUPS = 256;
    /** Maxima are counted by their 8 bits of exponent and 5 of mantissa. */
    private static final int SHIFT = 18;

    private static final int BUCKETS = 1 << 31 - SHIFT;

    private static final class Scratch {
        private final int[] bits = new int[GlobalTop.BLOCK];
        private final int[] maxima = new int[GROUPS];
        private final long[] counts = new long[BUCKETS];
    }

    /** What one range holds, in ascending order of indices. */
    private static final class Found {
        private int[] bits = new int[256];
        private int[] indices = new int[256];
        private int count;

        void add(int[] block, int from, long hits, int at) {
            if (count + Long.SIZE > indices.length) {
                bits = Arrays.copyOf(bits, 2 * bits.length);
                indices = Arrays.copyOf(indices, 2 * indices.length);
            }
            for (long left = hits; left != 0; left &= left - 1) {
                int i = from + Long.numberOfTrailingZeros(left);
                bits[count] = block[i];
                indices[count++] = at + i;
            }
        }
    }

    private final Codec codec;
    private final Floats numbers;
    private final Workers workers;
    private final long range;
    private final int ranges;
    private final Queue<Scratch> scratches = new ConcurrentLinkedQueue<>();
    private final AtomicLong held = new AtomicLong();

    private CandidateTop(Codec codec, Floats numbers, Workers workers) {
        this.codec = codec;
        this.numbers = numbers;
        this.workers = workers;
        this.range = GlobalTop.range(numbers.length());
        this.ranges = Math.toIntExact(Math.ceilDiv(numbers.length(), range));
    }

    /**
     * As {@link GlobalTop#write}.
     *
     * @return whether it was done; if not, nothing was written
     */
    static boolean write(
            Codec codec, Floats numbers, int k, MemorySegment target, long indicesAt, long valuesAt, Workers workers) {
        if (2L * k > LARGEST || 32L * k > numbers.length()) {
            return false; // too many to hold, or hardly a group without one
        }
        CandidateTop top = new CandidateTop(codec, numbers, workers);
        int bound = top.bound(k);
        if (bound == 0) {
            return false;
        }
        Found[] found = new Found[top.ranges];
        top.eachRange((scratch, number) -> found[number] = top.collect(scratch, number, bound));
        if (top.held.get() > LARGEST) {
            return false;
        }
        emit(found, k, target, indicesAt, valuesAt);
        return true;
    }

    private void eachRange(ObjIntConsumer<Scratch> body) {
        workers.run(ranges, number -> {
            Scratch taken = scratches.poll();
            Scratch own = taken == null ? new Scratch() : taken;
            body.accept(own, number);
            scratches.add(own);
        });
    }

    /** Loads a block, filled up with zeros, which are candidates only if the bound is 0; and that is given up before. */
    private void load(Scratch scratch, long at, long end) {
        int count = (int) Math.min(GlobalTop.BLOCK, end - at);
        MemorySegment.copy(numbers.segment(), ValueLayout.JAVA_INT, at * Float.BYTES, scratch.bits, 0, count);
        Arrays.fill(scratch.bits, count, GlobalTop.BLOCK, 0);
    }

    private static void groupMaxima(int[] bits, int group, int[] maxima) {
        IntVector largest = IntVector.zero(Scan.INTS);
        for (int i = group; i < GlobalTop.BLOCK; i += GROUPS) {
            largest = largest.max(IntVector.fromArray(Scan.INTS, bits, i).and(Scan.MAGNITUDES));
        }
        largest.intoArray(maxima, group);
    }

    /** A magnitude that at least k numbers reach. */
    private int bound(int k) {
        eachRange((scratch, number) -> {
            long end = Math.min(numbers.length(), (number + 1) * range);
            for (long at = number * range; at < end; at += GlobalTop.BLOCK) {
                load(scratch, at, end);
                for (int group = 0; group < GROUPS; group += Scan.INTS.length()) {
                    groupMaxima(scratch.bits, group, scratch.maxima);
                }
                for (int maximum : scratch.maxima) {
                    scratch.counts[maximum >>> SHIFT]++;
                }
            }
        });
        long reached = 0;
        for (int bucket = BUCKETS - 1; bucket > 0; bucket--) {
            for (Scratch scratch : scratches) { // whole numbers: it does not matter who counted what
                reached += scratch.counts[bucket];
            }
            if (reached > 0 && bucket >= Scan.INFINITE >>> SHIFT) {
                throw Scan.notFinite(codec, numbers, 0);
            }
            if (reached >= k) {
                return bucket << SHIFT;
            }
        }
        return 0;
    }

    /** What reaches the bound in one range, in ascending order; or less, once there are too many in all. */
    private Found collect(Scratch scratch, int number, int bound) {
        Found found = new Found();
        long end = Math.min(numbers.length(), (number + 1) * range);
        for (long at = number * range; at < end && held.get() <= LARGEST; at += GlobalTop.BLOCK) {
            load(scratch, at, end);
            int before = found.count;
            for (int i = 0; i < GlobalTop.BLOCK; i += Scan.INTS.length()) {
                long hits = reaching(scratch.bits, i, bound);
                if (hits != 0) {
                    found.add(scratch.bits, i, hits, (int) at);
                }
            }
            held.addAndGet(found.count - before);
        }
        return found;
    }

    private static long reaching(int[] bits, int at, int bound) {
        return IntVector.fromArray(Scan.INTS, bits, at)
                .and(Scan.MAGNITUDES)
                .compare(VectorOperators.GE, bound)
                .toLong();
    }

    private static void emit(Found[] found, int k, MemorySegment target, long indicesAt, long valuesAt) {
        int threshold = kthLargest(found, k);
        int ties = k - countFrom(found, threshold + 1);
        int at = 0;
        for (Found own : found) {
            for (int i = 0; i < own.count; i++) {
                int magnitude = own.bits[i] & Scan.MAGNITUDE;
                if (magnitude > threshold || (magnitude == threshold && ties-- > 0)) {
                    target.set(Blocks.INT, indicesAt + (long) at * Integer.BYTES, own.indices[i]);
                    target.set(Blocks.INT, valuesAt + (long) at * Integer.BYTES, own.bits[i]);
                    at++;
                }
            }
        }
    }

    /** Bit by bit from the highest. */
    private static int kthLargest(Found[] found, int k) {
        int kth = 0;
        for (int bit = 1 << 30; bit != 0; bit >>>= 1) {
            if (countFrom(found, kth | bit) >= k) {
                kth |= bit;
            }
        }
        return kth;
    }

    private static int countFrom(Found[] found, int bound) {
        int count = 0;
        for (Found own : found) {
            count += countFrom(own.bits, own.count, bound - 1);
        }
        return count;
    }

    private static int countFrom(int[] bits, int count, int below) {
        int reached = 0;
        for (int i = 0; i < count; i++) {
            reached += (below - (bits[i] & Scan.MAGNITUDE)) >>> 31; // 1 if it is not below
        }
        return reached;
    }
}
