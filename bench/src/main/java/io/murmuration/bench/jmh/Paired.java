package io.murmuration.bench.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Times work and the plain copy in turn, within every operation of a benchmark: what else happens on the machine then hits
 * both alike, and their ratio stands where neither rate does. JMH sets the counters to zero before every iteration.
 */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class Paired {

    /** Time in the work. */
    public long workNanos;

    /** Time in the copies. */
    public long copyNanos;

    /** fp32 bytes that the work took or gave, and each copy. */
    public long bytes;

    /** Does the copy, then the work. */
    public void run(Numbers numbers, Runnable work) {
        long start = System.nanoTime();
        numbers.copy();
        long between = System.nanoTime();
        work.run();
        long end = System.nanoTime();
        copyNanos += between - start;
        workNanos += end - between;
        bytes += (long) numbers.length * Float.BYTES;
    }
}
