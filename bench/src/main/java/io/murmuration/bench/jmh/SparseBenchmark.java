package io.murmuration.bench.jmh;

import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.codec.DctTopK;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The sparse codecs, each way, on what is a matrix with rows of 4096 to those that see one. {@code bench/codecs.py} measures
 * what PyTorch makes of the same work.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class SparseBenchmark {

    private static final int COLUMNS = 4096;
    private static final int SIDE = 64;

    /** DeMo's 32 of 4096 coefficients; DisTrO's 8; 1 % of all, or of each 4096; SparseLoCo's 64 of 4096. */
    @Param({"dct:32", "dct-sign:8", "topk", "topk:4096", "sparse2bit"})
    public String codec;

    private Codec subject;
    private ByteBuffer bytes;

    @Setup(Level.Trial)
    public void encodeOnce(Numbers numbers) {
        List<Integer> shape = List.of(numbers.length / COLUMNS, COLUMNS);
        subject = switch (codec) {
            case "dct:32" -> DctTopK.of(shape, SIDE, 32, false);
            case "dct-sign:8" -> DctTopK.of(shape, SIDE, 8, true);
            case "topk" -> Codecs.topK(10_000);
            case "topk:4096" -> Codecs.topK(4096, 41);
            case "sparse2bit" -> Codecs.sparse2Bit(4096, 64);
            default -> throw new IllegalArgumentException("expected a sparse codec, got " + codec);
        };
        bytes = ByteBuffer.allocate(Math.toIntExact(subject.encodedSize(numbers.length)));
        subject.encode(numbers.source, bytes, numbers.workers);
    }

    @Benchmark
    public void encode(Numbers numbers, Paired paired) {
        paired.run(numbers, () -> subject.encode(numbers.source, bytes.clear(), numbers.workers));
    }

    @Benchmark
    public void decode(Numbers numbers, Paired paired) {
        paired.run(numbers, () -> subject.decode(bytes.clear(), numbers.target, numbers.workers));
    }
}
