package io.murmuration.cluster.run;

import io.murmuration.actors.port.Ports;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.run.RunPlan;
import io.murmuration.cluster.compute.CheckpointAssembly;
import io.murmuration.cluster.compute.ComputePool;
import io.murmuration.cluster.compute.MemoryPlan;
import io.murmuration.cluster.compute.TrainingSetup;
import io.murmuration.cluster.config.LostStageChoice;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.transport.InProcessControlPlane;
import io.murmuration.cluster.transport.InProcessDataPlane;
import io.murmuration.cluster.transport.InProcessMembership;
import io.murmuration.cluster.transport.SlowLinks;
import io.murmuration.cluster.transport.WireCounts;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.checkpoint.StartingState;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.data.Batches;
import io.murmuration.tensors.data.Corpus;
import io.murmuration.tensors.data.DataException;
import io.murmuration.tensors.model.StagePlan;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.stream.Materializer;

/** Training runs of a whole swarm in this process. */
public final class LocalRuns implements TrainingRuns {

    /** How often the stop signal is looked at while nothing happens. */
    private static final long POLL_MILLIS = 50;

    @Override
    public RunResult run(
            RunSettings settings, Path outDir, Optional<Path> resumeFrom, RunListener listener, StopSignal stop) {
        MemoryLimit.of(settings).require(MemoryPlan.of(settings));
        RunInputs.requireExactBoundary(settings);
        Optional<CheckpointReader> checkpoint = resumeFrom.map(folder -> RunInputs.checkpoint(settings, folder));
        Optional<StartingState> start = checkpoint.isPresent()
                ? checkpoint.map(StartingState.class::cast)
                : settings.importFrom().map(folder -> RunInputs.imported(settings, folder, listener::noticed));
        Corpus corpus = RunInputs.corpus(settings, listener::noticed);
        Batches batches = batches(settings, corpus);
        TrainingSetup setup =
                setup(settings, Backends.byName(lower(settings.compute().backend())), batches, start);
        RunPlan plan = plan(
                settings,
                validationWindows(settings, batches) / settings.batch().microbatch(),
                checkpoint.map(reader -> reader.meta().step()).orElse(0L),
                1);
        WireCounts wire = new WireCounts();
        RunProgress progress = new RunProgress(settings, setup, plan, wire, listener);
        progress.describe(
                settings.model().parameters(),
                setup.backend().fingerprint(),
                corpus.name() + ", " + batches.trainWindows() + " training windows",
                batches.bytesPerToken(validationWindows(settings, batches)));
        CheckpointStore store =
                new CheckpointStore(outDir, settings.checkpoint().keep());
        Map<String, String> origin = Map.of(
                "name",
                settings.name(),
                CheckpointMeta.TOKENISER,
                settings.data().tokeniser().name(),
                CheckpointMeta.OPTIMISER,
                settings.optimiser().inner().name());
        var assembly = new CheckpointAssembly(setup, store, origin, progress::written);
        BlockingQueue<RunEvent> events = new LinkedBlockingQueue<>();
        GradientAges ages = new GradientAges();
        try (SlowLinks links =
                        new SlowLinks(settings.links(), 3 * settings.limits().linkQueue());
                ComputePool pool = new ComputePool(
                        setup, Optional.of(assembly), settings.compute().threads());
                LocalSwarm swarm = LocalSwarm.start(
                        settings.name() + "-" + settings.seed(),
                        plan,
                        SwarmLimits.of(settings.limits()),
                        true,
                        system -> new Ports(
                                pool,
                                links.over(new InProcessDataPlane(
                                        Materializer.createMaterializer(system),
                                        wire,
                                        settings.limits().linkQueue(),
                                        settings.limits().linkUnanswered())),
                                links.over(new InProcessControlPlane()),
                                new InProcessMembership(),
                                System::nanoTime,
                                settings.seed(),
                                ages),
                        events::add)) {
            return follow(swarm, events, progress, stop).withGradientAges(ages.counts());
        }
    }

    private static RunResult follow(
            LocalSwarm swarm, BlockingQueue<RunEvent> events, RunProgress progress, StopSignal stop) {
        boolean told = false;
        try {
            while (true) {
                if (stop.requested() && !told) {
                    told = true;
                    swarm.stop();
                }
                RunEvent event = events.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
                if (event != null) {
                    Optional<RunResult> result = progress.on(event);
                    if (result.isPresent()) {
                        return result.get();
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RunFailed("the run was interrupted", e);
        }
    }

    /**
     * The text of a run.
     *
     * @throws UserError if it cannot be read
     */
    public static Corpus corpus(RunSettings settings) {
        return RunInputs.corpus(settings, notice -> {});
    }

    /**
     * The samples of a run, in its order.
     *
     * @throws UserError if the text is too short for one window
     */
    public static Batches batches(RunSettings settings, Corpus corpus) {
        try {
            return new Batches(
                    corpus,
                    settings.seed(),
                    settings.model().sequence(),
                    settings.batch().sequences(),
                    settings.batch().microbatch());
        } catch (DataException e) {
            throw new UserError(e.getMessage(), e);
        }
    }

    /** The first so many windows of the validation text are looked at: what is there, in whole microbatches. */
    public static int validationWindows(RunSettings settings, Batches batches) {
        int windows = (int) Math.min(settings.validation().windows(), batches.validationWindows());
        return windows - windows % settings.batch().microbatch();
    }

    /** What the replicas of a run compute with. */
    public static TrainingSetup setup(
            RunSettings settings, Backend backend, Batches batches, Optional<StartingState> start) {
        RunSettings.Optimiser optimiser = settings.optimiser();
        return new TrainingSetup(
                backend,
                settings.model(),
                StagePlan.of(settings.model().layers(), settings.swarm().stages()),
                batches,
                settings.batch().microbatch(),
                settings.seed(),
                settings.wire().activations(),
                settings.wire().averaging(),
                optimiser.inner(),
                Schedules.of(settings),
                optimiser.clip(),
                rebuilds(settings),
                start);
    }

    /**
     * What the coordinator of a run steers towards.
     *
     * @param evaluationMicrobatches microbatches in an evaluation; 0 for none
     * @param firstVersion 0, or that of the checkpoint it resumes
     * @param keepers keepers that there are
     */
    public static RunPlan plan(RunSettings settings, int evaluationMicrobatches, long firstVersion, int keepers) {
        RunSettings.Limits limits = settings.limits();
        return new RunPlan(
                settings.swarm().stages(),
                settings.swarm().replicas(),
                settings.swarm().trainers(),
                firstVersion,
                settings.steps(),
                settings.batch().microbatches(),
                settings.validation().every(),
                evaluationMicrobatches,
                settings.checkpoint().every(),
                limits.controlRetry(),
                limits.holdBoundary(),
                new RunPlan.Joins(limits.joinAttempts(), limits.snapshotDonors(), limits.joinLag()),
                keepers,
                settings.checkpoint().copies(),
                limits.gatherWait(),
                settings.swarm().staleness(),
                limits.promiseWait(),
                rebuilds(settings) ? settings.layersOfStages() : List.of(),
                settings.rebalance());
    }

    private static boolean rebuilds(RunSettings settings) {
        return settings.swarm().lostStage() == LostStageChoice.NEIGHBOURS;
    }

    private static String lower(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }
}
