package io.murmuration.bench.jmh;

import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.Codecs;
import java.nio.ByteBuffer;
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

/** The dense codecs, each way, with the encoded form on the heap, where the swarm has it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class CodecBenchmark {

    @Param({
        "fp32",
        "fp16",
        "bf16",
        "meanstd16",
        "int8",
        "dynamic8",
        "minmax8",
        "uniform8",
        "quantile8",
        "int4:32",
        "int4:64",
        "sign1",
        "sign1:4096"
    })
    public String codec;

    private Codec subject;
    private ByteBuffer bytes;

    @Setup(Level.Trial)
    public void encodeOnce(Numbers numbers) {
        subject = Codecs.byName(codec);
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
