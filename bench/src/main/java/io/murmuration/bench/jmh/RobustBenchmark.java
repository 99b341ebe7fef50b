package io.murmuration.bench.jmh;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.reduce.RobustRule;
import io.murmuration.tensors.reduce.RobustRules;
import java.util.ArrayList;
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

/** Robust rules over 16 vectors, which together are the numbers that the plain copy copies; three may be anything. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class RobustBenchmark {

    private static final int VECTORS = 16;
    private static final int FAULTS = 3;

    @Param({"median", "trimmed-mean", "krum"})
    public String rule;

    private RobustRule subject;
    private List<Floats> vectors;
    private Floats result;

    @Setup(Level.Trial)
    public void cut(Numbers numbers) {
        subject = RobustRules.byName(rule, VECTORS, FAULTS);
        long length = numbers.length / VECTORS;
        vectors = new ArrayList<>();
        for (int i = 0; i < VECTORS; i++) {
            vectors.add(numbers.source.slice(i * length, length));
        }
        result = numbers.target.slice(0, length);
    }

    @Benchmark
    public void aggregate(Numbers numbers, Paired paired) {
        paired.run(numbers, () -> subject.aggregate(vectors, result, numbers.workers));
    }
}
