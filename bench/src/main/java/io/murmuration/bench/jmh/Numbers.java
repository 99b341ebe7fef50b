package io.murmuration.bench.jmh;

import io.murmuration.cluster.compute.PoolWorkers;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What all benchmarks of tensor work share: normal numbers, as many threads as asked for, and the plain copy that
 * everything is compared with.
 */
@State(Scope.Benchmark)
public class Numbers {

    private static final long SEED = 7;

    /** 64 MiB: more than any cache. */
    @Param("16777216")
    public int length;

    /** Threads that work in all. */
    @Param({"1", "2"})
    public int threads;

    /** Independent N(0, 1). */
    public Floats source;

    /** As long as the source; what is in it is nobody's business. */
    public Floats target;

    public Workers workers;

    private Arena arena;
    private ExecutorService pool;

    @Setup(Level.Trial)
    public void open() {
        arena = Arena.ofShared();
        source = Floats.allocate(arena, length);
        target = Floats.allocate(arena, length);
        SplittableRandom random = new SplittableRandom(SEED);
        for (long i = 0; i < length; i++) {
            source.set(i, (float) random.nextGaussian());
        }
        pool = Executors.newFixedThreadPool(Math.max(1, threads - 1));
        workers = new PoolWorkers(pool, threads - 1);
    }

    /** Copies source to target, an equal part in each thread. */
    public void copy() {
        long bytes = source.segment().byteSize();
        workers.run(threads, part -> {
            long from = bytes * part / threads & -Floats.ALIGNMENT_BYTES;
            long to = part == threads - 1 ? bytes : bytes * (part + 1) / threads & -Floats.ALIGNMENT_BYTES;
            MemorySegment.copy(source.segment(), from, target.segment(), from, to - from);
        });
    }

    @TearDown(Level.Trial)
    public void close() {
        pool.shutdownNow();
        arena.close();
    }
}
