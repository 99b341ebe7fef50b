package io.murmuration.bench.jmh;

import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.codec.DctTopK;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The sparse codecs on 16 M normal numbers, a matrix of 4096 x 4096, with one and two threads, beside a plain copy. The
 * score {@code gigabytes} is GB/s of fp32. {@code bench/demo.py} measures the same in PyTorch.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 3,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"
        })
public class SparseBenchmark {

    private static final int SIDE = 4096;
    private static final long LENGTH = (long) SIDE * SIDE;

    /** GB/s of fp32. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Rate {
        private long calls;

        public double gigabytes() {
            return calls * LENGTH * Float.BYTES / 1e9;
        }
    }

    @Param({"dct", "dct-sign", "topk", "topk-chunks", "sparse2bit"})
    public String codec;

    @Param({"1", "2"})
    public int threads;

    private Arena arena;
    private ExecutorService pool;
    private Workers workers;
    private Codec measured;
    private Floats numbers;
    private Floats decoded;
    private ByteBuffer bytes;

    @Setup(Level.Trial)
    public void prepare() {
        arena = Arena.ofShared();
        pool = Executors.newFixedThreadPool(threads);
        workers = threads == 1 ? Workers.SERIAL : this::share;
        measured = switch (codec) {
            case "dct" -> DctTopK.of(List.of(SIDE, SIDE), 64, 32, false);
            case "dct-sign" -> DctTopK.of(List.of(SIDE, SIDE), 64, 32, true);
            case "topk" -> Codecs.topK(10_000);
            case "topk-chunks" -> Codecs.topK(4096, 41);
            case "sparse2bit" -> Codecs.sparse2Bit(4096, 64);
            default -> throw new IllegalArgumentException("expected a sparse codec, got " + codec);
        };
        numbers = Floats.allocate(arena, LENGTH);
        decoded = Floats.allocate(arena, LENGTH);
        Random random = new Random(1);
        for (long i = 0; i < LENGTH; i++) {
            numbers.set(i, (float) random.nextGaussian());
        }
        bytes = ByteBuffer.allocateDirect(Math.toIntExact(measured.encodedSize(LENGTH)));
        measured.encode(numbers, bytes);
    }

    private void share(int pieces, java.util.function.IntConsumer piece) {
        AtomicInteger next = new AtomicInteger();
        Runnable some = () -> {
            for (int i = next.getAndIncrement(); i < pieces; i = next.getAndIncrement()) {
                piece.accept(i);
            }
        };
        CompletableFuture.allOf(IntStream.range(0, threads)
                        .mapToObj(i -> CompletableFuture.runAsync(some, pool))
                        .toArray(CompletableFuture[]::new))
                .join();
    }

    @TearDown(Level.Trial)
    public void release() {
        pool.shutdown();
        arena.close();
    }

    @Benchmark
    public ByteBuffer encode(Rate rate) {
        measured.encode(numbers, bytes.clear(), workers);
        rate.calls++;
        return bytes;
    }

    @Benchmark
    public Floats decode(Rate rate) {
        measured.decode(bytes.rewind().limit(bytes.capacity()), decoded, workers);
        rate.calls++;
        return decoded;
    }

    @Benchmark
    public Floats copy(Rate rate) {
        decoded.copyFrom(numbers);
        rate.calls++;
        return decoded;
    }
}
