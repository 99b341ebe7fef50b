package io.murmuration.faults;

import io.murmuration.actors.port.Ports;
import io.murmuration.actors.routing.AdaptiveDeadline;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.run.RunPlan;
import io.murmuration.cluster.compute.CheckpointAssembly;
import io.murmuration.cluster.compute.ComputePool;
import io.murmuration.cluster.compute.TrainingSetup;
import io.murmuration.cluster.run.LocalSwarm;
import io.murmuration.cluster.run.SwarmLimits;
import io.murmuration.cluster.transport.InProcessControlPlane;
import io.murmuration.cluster.transport.InProcessDataPlane;
import io.murmuration.cluster.transport.InProcessMembership;
import io.murmuration.cluster.transport.WireCounts;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.data.Batches;
import io.murmuration.tensors.data.Corpora;
import io.murmuration.tensors.data.Corpus;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.optim.AdamW;
import io.murmuration.tensors.optim.Schedule;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.apache.pekko.stream.Materializer;

/** Runs whole swarms for tests: real actors, real streams, real numbers. */
final class TestSwarm {

    /** A run that takes longer hangs. */
    private static final long PATIENCE_SECONDS = 40;

    /** Restarts of one peer: what is under test is not the limit. */
    private static final int MANY = 1000;

    private static final int SEQUENCES = 16;
    private static final int MICROBATCH = 2;

    private static final Corpus CORPUS = Corpora.europarl();

    /** What to run. */
    record Spec(
            ModelSpec model,
            String backend,
            int stages,
            int replicas,
            int steps,
            long seed,
            int credits,
            String activations,
            String averaging,
            Duration floor,
            Duration ceiling,
            int restarts,
            int staleness,
            double learningRate) {

        static Spec nano(int stages, int replicas, int steps) {
            return new Spec(
                    ModelSpec.NANO,
                    "java",
                    stages,
                    replicas,
                    steps,
                    1,
                    4,
                    "fp32",
                    "fp32",
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(60),
                    MANY,
                    0,
                    1e-3);
        }

        Spec backend(String newBackend) {
            return new Spec(
                    model,
                    newBackend,
                    stages,
                    replicas,
                    steps,
                    seed,
                    credits,
                    activations,
                    averaging,
                    floor,
                    ceiling,
                    restarts,
                    staleness,
                    learningRate);
        }

        Spec credits(int newCredits) {
            return new Spec(
                    model,
                    backend,
                    stages,
                    replicas,
                    steps,
                    seed,
                    newCredits,
                    activations,
                    averaging,
                    floor,
                    ceiling,
                    restarts,
                    staleness,
                    learningRate);
        }

        Spec codecs(String newActivations, String newAveraging) {
            return new Spec(
                    model,
                    backend,
                    stages,
                    replicas,
                    steps,
                    seed,
                    credits,
                    newActivations,
                    newAveraging,
                    floor,
                    ceiling,
                    restarts,
                    staleness,
                    learningRate);
        }

        Spec deadlines(Duration newFloor, Duration newCeiling) {
            return new Spec(
                    model,
                    backend,
                    stages,
                    replicas,
                    steps,
                    seed,
                    credits,
                    activations,
                    averaging,
                    newFloor,
                    newCeiling,
                    restarts,
                    staleness,
                    learningRate);
        }

        Spec restarts(int newRestarts) {
            return new Spec(
                    model,
                    backend,
                    stages,
                    replicas,
                    steps,
                    seed,
                    credits,
                    activations,
                    averaging,
                    floor,
                    ceiling,
                    newRestarts,
                    staleness,
                    learningRate);
        }

        Spec staleness(int newStaleness) {
            return new Spec(
                    model,
                    backend,
                    stages,
                    replicas,
                    steps,
                    seed,
                    credits,
                    activations,
                    averaging,
                    floor,
                    ceiling,
                    restarts,
                    newStaleness,
                    learningRate);
        }

        Spec learningRate(double newLearningRate) {
            return new Spec(
                    model,
                    backend,
                    stages,
                    replicas,
                    steps,
                    seed,
                    credits,
                    activations,
                    averaging,
                    floor,
                    ceiling,
                    restarts,
                    staleness,
                    newLearningRate);
        }
    }

    /** What came of it; {@code parameters} is the whole model in the order of one stage. */
    record Result(List<RunEvent> events, List<Double> losses, float[] parameters, SortedMap<Integer, String> digests) {

        int lost() {
            return (int) events.stream().filter(RunEvent.Lost.class::isInstance).count();
        }

        int replayed() {
            return events.stream()
                    .filter(RunEvent.StepCommitted.class::isInstance)
                    .mapToInt(event -> ((RunEvent.StepCommitted) event).replayed())
                    .sum();
        }
    }

    private TestSwarm() {}

    static Result run(Spec spec, Path folder) throws InterruptedException {
        return run(spec, folder, UnaryOperator.identity(), (swarm, event) -> {});
    }

    /**
     * @param faults changes the ports that all actors get
     * @param script sees every event as it happens and may act on the swarm
     */
    static Result run(Spec spec, Path folder, UnaryOperator<Ports> faults, BiConsumer<LocalSwarm, RunEvent> script)
            throws InterruptedException {
        BlockingQueue<RunEvent> queue = new LinkedBlockingQueue<>();
        TrainingSetup setup = setup(spec);
        CheckpointStore store = new CheckpointStore(folder, 1);
        ComputePool pool = new ComputePool(
                setup, Optional.of(new CheckpointAssembly(setup, store, Map.of(), (version, path) -> {})), 2);
        List<RunEvent> events = new ArrayList<>();
        try (LocalSwarm swarm = LocalSwarm.start(
                "test",
                plan(spec),
                limits(spec),
                true,
                system -> faults.apply(new Ports(
                        pool,
                        new InProcessDataPlane(Materializer.createMaterializer(system), new WireCounts(), 64, 32),
                        new InProcessControlPlane(),
                        new InProcessMembership(),
                        System::nanoTime,
                        spec.seed())),
                queue::add)) {
            while (true) {
                RunEvent event = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
                if (event == null) {
                    throw new AssertionError("nothing happened for " + PATIENCE_SECONDS + " s after " + events);
                }
                events.add(event);
                script.accept(swarm, event);
                if (event instanceof RunEvent.Failed failed) {
                    throw new AssertionError("the run failed: " + failed.reason());
                }
                if (event instanceof RunEvent.Finished finished) {
                    return new Result(events, losses(events), parameters(spec, store), finished.digests());
                }
            }
        } finally {
            pool.close();
        }
    }

    static TrainingSetup setup(Spec spec) {
        Batches batches = new Batches(CORPUS, spec.seed(), spec.model().sequence(), SEQUENCES, MICROBATCH);
        return new TrainingSetup(
                Backends.byName(spec.backend()),
                spec.model(),
                StagePlan.of(spec.model().layers(), spec.stages()),
                batches,
                MICROBATCH,
                spec.seed(),
                Codecs.byName(spec.activations()),
                Codecs.byName(spec.averaging()),
                new AdamW.Settings(0.9, 0.95, 1e-8, 0.1),
                new Schedule.Cosine(new Schedule.Warmup(spec.learningRate(), 2, 0), 300, 0.1 * spec.learningRate()),
                1.0,
                false,
                Optional.empty());
    }

    static RunPlan plan(Spec spec) {
        return new RunPlan(
                spec.stages(),
                spec.replicas(),
                2,
                0,
                spec.steps(),
                SEQUENCES / MICROBATCH,
                0,
                4,
                0,
                Duration.ofMillis(500),
                Duration.ofSeconds(20),
                new RunPlan.Joins(3, 2, 64),
                1,
                2,
                Duration.ofSeconds(10),
                spec.staleness(),
                Duration.ofSeconds(5),
                List.of());
    }

    static SwarmLimits limits(Spec spec) {
        return new SwarmLimits(
                spec.credits(),
                new AdaptiveDeadline.Settings(
                        spec.floor().toNanos(), spec.ceiling().toNanos(), 6),
                Duration.ofMillis(10),
                Duration.ofMillis(200),
                Duration.ofMillis(500),
                Duration.ofSeconds(20),
                3,
                spec.restarts(),
                Duration.ofSeconds(10),
                16 << 10,
                256,
                2,
                64,
                64 << 20,
                16 << 10,
                4,
                8,
                Duration.ofSeconds(5),
                Duration.ofSeconds(20),
                64,
                32);
    }

    private static List<Double> losses(List<RunEvent> events) {
        List<Double> losses = new ArrayList<>();
        for (RunEvent event : events) {
            if (event instanceof RunEvent.StepCommitted step) {
                losses.add(step.loss());
            }
        }
        return losses;
    }

    static float[] parameters(Spec spec, CheckpointStore store) {
        ParameterLayout whole = ParameterLayout.of(
                spec.model(), StagePlan.of(spec.model().layers(), 1).slice(0));
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = Floats.allocate(arena, whole.length());
            CheckpointReader.open(store.latest().orElseThrow()).read(whole, parameters, Map.of());
            return parameters.toArray();
        }
    }

    /** Relative L2 distance of two parameter vectors. */
    static double distance(float[] a, float[] b) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            difference += Math.pow(a[i] - (double) b[i], 2);
            norm += Math.pow(b[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
