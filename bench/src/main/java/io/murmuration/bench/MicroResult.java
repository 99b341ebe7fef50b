package io.murmuration.bench;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;

/**
 * What one benchmark measured; the components are the fields of the JSON object.
 *
 * @param benchmark class and method, and parameters other than the number of threads
 * @param work GB/s of fp32 numbers, 10^9 bytes
 * @param copy GB/s of the plain copy in the same iterations
 * @param ratio work over copy, within each iteration
 */
record MicroResult(String benchmark, int threads, Spread work, Spread copy, Spread ratio) {

    /** Over the iterations. */
    record Spread(double median, double min, double max) {

        static Spread of(double[] values) {
            double[] sorted = values.clone();
            Arrays.sort(sorted);
            int middle = sorted.length / 2;
            double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
            return new Spread(median, sorted[0], sorted[sorted.length - 1]);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%6.2f (%.2f..%.2f)", median, min, max);
        }
    }

    static MicroResult of(RunResult result) {
        List<double[]> iterations = new ArrayList<>();
        for (BenchmarkResult fork : result.getBenchmarkResults()) {
            for (IterationResult iteration : fork.getIterationResults()) {
                double bytes = counter(iteration, "bytes");
                double work = bytes / counter(iteration, "workNanos");
                double copy = bytes / counter(iteration, "copyNanos");
                iterations.add(new double[] {work, copy, work / copy});
            }
        }
        BenchmarkParams params = result.getParams();
        String[] path = params.getBenchmark().split("\\.");
        String name = path[path.length - 2] + "." + path[path.length - 1];
        String others = params.getParamsKeys().stream()
                .filter(key -> !key.equals("threads") && !key.equals("length"))
                .map(key -> " " + params.getParam(key))
                .collect(Collectors.joining());
        return new MicroResult(
                name + others,
                Integer.parseInt(params.getParam("threads")),
                spread(iterations, 0),
                spread(iterations, 1),
                spread(iterations, 2));
    }

    private static double counter(IterationResult iteration, String name) {
        return iteration.getSecondaryResults().get(name).getScore();
    }

    private static Spread spread(List<double[]> iterations, int column) {
        return Spread.of(iterations.stream().mapToDouble(row -> row[column]).toArray());
    }

    static void print(List<MicroResult> results, PrintWriter out) {
        String row = "%-36s %7s  %-24s %-24s %s%n";
        out.printf(row, "benchmark", "threads", "GB/s (min..max)", "copy GB/s", "ratio to the copy");
        for (MicroResult result : results) {
            out.printf(row, result.benchmark, result.threads, result.work, result.copy, result.ratio);
        }
    }
}
