package io.murmuration.bench;

import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.Stage;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.model.Workspace;
import io.murmuration.tensors.optim.AdamW;
import io.murmuration.tensors.optim.GradientClip;
import io.murmuration.tensors.optim.Norms;
import io.murmuration.tensors.reduce.FixedOrderSum;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/**
 * Training in one process without a swarm: forward, backward, clip by the global norm, AdamW. The batch is split over
 * threads, each with a workspace and a gradient of its own; gradients are summed in the order of the threads, and the
 * optimiser runs in slices, one per thread.
 */
final class ThroughputRun implements AutoCloseable {

    private static final long SEED = 1;
    private static final double LEARNING_RATE = 1e-3;
    private static final double MAX_NORM = 1;
    private static final AdamW.Settings OPTIMISER = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1);
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double NANOS_PER_MILLI = 1e6;

    /**
     * @param batch sequences per step
     * @param microbatch sequences per forward and backward pass, divides {@code batch / threads}
     */
    record Settings(
            String name,
            ModelSpec model,
            Backend backend,
            int batch,
            int microbatch,
            int threads,
            int steps,
            int warmup) {}

    /**
     * What was measured; its components are the fields of the JSON object.
     *
     * @param cpuMillisPerStep processor time of the whole process; where it is far below threads x wall time, or the median
     *     step far above the fastest, other processes had a share of the machine. 0 where the system does not tell
     * @param loss nats per token in the last step
     * @param peakRssBytes the process's largest resident size, -1 where the system does not tell
     */
    record Report(
            String model,
            String backend,
            String fingerprint,
            int threads,
            int batch,
            int sequence,
            long parameters,
            int steps,
            double tokensPerSecond,
            double medianStepMillis,
            double fastestStepMillis,
            double cpuMillisPerStep,
            double loss,
            long peakRssBytes) {}

    private final Settings settings;
    private final Backend backend;
    private final Arena arena = Arena.ofShared();
    private final Stage stage;
    private final AdamW optimiser;
    private final List<Workspace> workspaces = new ArrayList<>();
    private final List<Floats> gradients = new ArrayList<>();
    private final double[] losses;
    private final double[] squares;
    private final SyntheticTokens tokens;
    private final ExecutorService pool;
    private long step;

    ThroughputRun(Settings settings) {
        this.settings = settings;
        ModelSpec model = settings.model;
        backend = settings.backend;
        stage = new Stage(backend, model, StagePlan.of(model.layers(), 1).slice(0));
        stage.initialise(SEED);
        optimiser = OPTIMISER.over(arena, stage.layout());
        for (int thread = 0; thread < settings.threads; thread++) {
            workspaces.add(stage.newWorkspace(settings.microbatch));
            gradients.add(Floats.allocate(arena, stage.layout().length()));
        }
        losses = new double[settings.threads];
        squares = new double[Norms.chunks(stage.parameters())];
        tokens = new SyntheticTokens(SEED, model.vocabulary());
        pool = Executors.newFixedThreadPool(settings.threads);
    }

    Report measure() {
        for (int i = 0; i < settings.warmup; i++) {
            step();
        }
        double[] nanos = new double[settings.steps];
        double loss = 0;
        Duration cpuBefore = cpu();
        long start = System.nanoTime();
        for (int i = 0; i < settings.steps; i++) {
            long before = System.nanoTime();
            loss = step();
            nanos[i] = System.nanoTime() - before;
        }
        double cpuNanos = cpu().minus(cpuBefore).toNanos();
        double seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
        Arrays.sort(nanos);
        int sequence = settings.model.sequence();
        return new Report(
                settings.name,
                backend.name(),
                backend.fingerprint(),
                settings.threads,
                settings.batch,
                sequence,
                stage.layout().length(),
                settings.steps,
                (double) settings.steps * settings.batch * sequence / seconds,
                nanos[nanos.length / 2] / NANOS_PER_MILLI,
                nanos[0] / NANOS_PER_MILLI,
                cpuNanos / settings.steps / NANOS_PER_MILLI,
                loss,
                ResidentSize.peakBytes());
    }

    private static Duration cpu() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** One optimiser step; returns its mean loss. */
    double step() {
        step++;
        int share = settings.batch / settings.threads;
        int[][] shares = new int[settings.threads][];
        for (int thread = 0; thread < settings.threads; thread++) {
            shares[thread] = tokens.next(share, settings.model.sequence() + 1);
        }
        onAllThreads(thread -> losses[thread] = accumulate(thread, shares[thread]));
        onAllThreads(this::sumSlice);
        float clip = GradientClip.coefficient(StrictMath.sqrt(Norms.sum(squares)), MAX_NORM);
        onAllThreads(thread -> updateSlice(thread, clip));
        return Arrays.stream(losses).sum() / settings.threads;
    }

    private double accumulate(int thread, int[] mine) {
        Floats gradient = gradients.get(thread);
        gradient.clear();
        int run = (settings.model.sequence() + 1) * settings.microbatch;
        double loss = 0;
        for (int from = 0; from < mine.length; from += run) {
            loss += stage.lossAndBackward(
                    workspaces.get(thread),
                    settings.microbatch,
                    Arrays.copyOfRange(mine, from, from + run),
                    Floats.empty(),
                    Floats.empty(),
                    gradient);
        }
        return loss * run / mine.length;
    }

    /** Mean gradient of the batch into the first thread's vector, and the sums of squares of its chunks. */
    private void sumSlice(int thread) {
        int firstChunk = chunk(thread);
        int endChunk = chunk(thread + 1);
        long from = (long) firstChunk * Norms.CHUNK;
        long to = Math.min((long) endChunk * Norms.CHUNK, stage.layout().length());
        List<Floats> slices = gradients.stream()
                .map(gradient -> gradient.slice(from, to - from))
                .toList();
        FixedOrderSum.sum(slices, (float) settings.microbatch / settings.batch, slices.getFirst());
        Norms.partials(gradients.getFirst(), firstChunk, endChunk, squares);
    }

    private void updateSlice(int thread, float clip) {
        long from = (long) chunk(thread) * AdamW.CHUNK;
        long to =
                Math.min((long) chunk(thread + 1) * AdamW.CHUNK, stage.layout().length());
        optimiser.step(stage.parameters(), gradients.getFirst(), clip, LEARNING_RATE, step, from, to);
    }

    private int chunk(int thread) {
        return (int) ((long) squares.length * thread / settings.threads);
    }

    private void onAllThreads(IntConsumer work) {
        List<Future<?>> running = new ArrayList<>();
        for (int thread = 0; thread < settings.threads; thread++) {
            int index = thread;
            running.add(pool.submit(() -> work.accept(index)));
        }
        for (Future<?> future : running) {
            try {
                future.get();
            } catch (ExecutionException failure) {
                throw new IllegalStateException("a compute thread failed", failure.getCause());
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a step was under way", interruption);
            }
        }
    }

    @Override
    public void close() {
        pool.close();
        workspaces.forEach(Workspace::close);
        stage.close();
        arena.close();
    }
}
