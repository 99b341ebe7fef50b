package io.murmuration.bench;

import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench profile}: where plain training spends its time, and how far its matrix products are from the peak. */
@Command(
        name = "profile",
        description = "Trains models in this process and reports where the time goes, as Markdown.",
        mixinStandardHelpOptions = true)
final class ProfileCommand implements Callable<Integer> {

    /** A square product that fits no cache and is large enough for a BLAS to show its best. */
    private static final int PEAK_SIZE = 1536;

    private static final int PEAK_TRIES = 7;
    private static final double NANOS_PER_SECOND = 1e9;

    @Spec
    private CommandSpec spec;

    @Option(names = "--models", split = ",", defaultValue = "tiny,small,base", description = "Names, with commas.")
    private List<String> models;

    @Option(
            names = "--seconds",
            defaultValue = "5",
            description = "Time to warm up, and then to measure, each at least two steps (default ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(names = "--threads", defaultValue = "2", description = "Compute threads (default ${DEFAULT-VALUE}).")
    private int threads;

    @Override
    public Integer call() throws InterruptedException, ExecutionException {
        PrintWriter out = spec.commandLine().getOut();
        double peak = peak(Backends.byName("nd4j"));
        out.printf(
                "Best product of %d x %d: %.0f GFLOP/s with %d threads at once, each with its own.%n%n",
                PEAK_SIZE, PEAK_SIZE, peak, threads);
        out.println("| model | what | share of the threads' time |");
        out.println("|---|---|---|");
        for (String model : models) {
            profile(out, model, peak);
        }
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    private void profile(PrintWriter out, String model, double peak) {
        ProfiledBackend backend = new ProfiledBackend(Backends.byName("nd4j"));
        try (ThroughputRun run =
                new ThroughputRun(ThroughputCommand.settings(spec, model, backend, threads, 0, 1, 0))) {
            train(run);
            backend.reset();
            double all = threads * train(run);
            double rest = all;
            for (ProfiledBackend.Kind kind : ProfiledBackend.Kind.values()) {
                out.printf("| `%s` | %s | %.1f %% |%n", model, kind.title, 100 * backend.nanos(kind) / all);
                rest -= backend.nanos(kind);
            }
            out.printf("| `%s` | optimiser, clipping, sums, waiting | %.1f %% |%n", model, 100 * rest / all);
            double rate = (double) backend.productOperations() / backend.nanos(ProfiledBackend.Kind.PRODUCTS) * threads;
            out.printf("| `%s` | rate of its products | %.0f GFLOP/s, %.2f of the best |%n", model, rate, rate / peak);
            out.flush();
        }
    }

    /** Returns the nanoseconds that it took. */
    private double train(ThroughputRun run) {
        long start = System.nanoTime();
        run.step();
        do {
            run.step();
        } while (System.nanoTime() - start < seconds * NANOS_PER_SECOND);
        return System.nanoTime() - start;
    }

    /** The best rate of all threads together, in operations per nanosecond. */
    private double peak(Backend backend) throws InterruptedException, ExecutionException {
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<Double>> rates = IntStream.range(0, threads)
                    .mapToObj(thread -> pool.submit(() -> bestRate(backend)))
                    .toList();
            double sum = 0;
            for (Future<Double> rate : rates) {
                sum += rate.get();
            }
            return sum;
        }
    }

    private static double bestRate(Backend backend) {
        int n = PEAK_SIZE;
        try (Arena arena = Arena.ofConfined()) {
            Floats a = Floats.allocate(arena, (long) n * n);
            Floats b = Floats.allocate(arena, (long) n * n);
            Floats c = Floats.allocate(arena, (long) n * n);
            double best = 0;
            for (int i = 0; i < PEAK_TRIES; i++) {
                long start = System.nanoTime();
                backend.gemm(false, true, n, n, n, 1, a, n, b, n, 0, c, n);
                best = Math.max(best, 2.0 * n * n * n / (System.nanoTime() - start));
            }
            return best;
        }
    }
}
