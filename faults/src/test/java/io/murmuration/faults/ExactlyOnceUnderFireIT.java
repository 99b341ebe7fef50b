package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.TestSwarm.Result;
import io.murmuration.faults.TestSwarm.Spec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shards and trainers die in the middle of everything, without a goodbye; the parameters are those of an undisturbed run.
 * That the replicas of a stage have equal digests after every step is checked by the coordinator, which fails a run where
 * they have not. More seeds: {@code -Dfire.seeds=200 -Dfire.first=1000}.
 */
final class ExactlyOnceUnderFireIT {

    private static final Logger LOG = LoggerFactory.getLogger(ExactlyOnceUnderFireIT.class);
    private static final int STEPS = 5;
    private static final int MICROBATCHES = 8;
    private static final int SEEDS = Integer.getInteger("fire.seeds", 12);
    private static final int FIRST = Integer.getInteger("fire.first", 1);

    /** A kill in some fifty opportunities: about one per step. */
    private static final double PROBABILITY = 0.02;

    private static Result undisturbed;

    @TempDir
    private Path folder;

    @BeforeAll
    static void runUndisturbed(@TempDir Path folder) throws Exception {
        undisturbed = TestSwarm.run(Spec.nano(3, 2, STEPS), folder);
    }

    @Test
    void every_step_completes_with_every_microbatch_counted_once() throws Exception {
        Map<Nemesis.Moment, Integer> kills = new EnumMap<>(Nemesis.Moment.class);
        for (int seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Nemesis nemesis = new Nemesis(seed, PROBABILITY);
            Result result = underFire(Spec.nano(3, 2, STEPS), nemesis, seed);
            assertSameAsUndisturbed(result, nemesis, seed);
            nemesis.kills().forEach((moment, count) -> kills.merge(moment, count, Integer::sum));
        }
        LOG.info("killed {}", kills);
        assertThat(kills)
                .as("moments at which somebody was killed")
                .containsKeys(
                        Nemesis.Moment.FORWARD,
                        Nemesis.Moment.BACKWARD,
                        Nemesis.Moment.AVERAGING,
                        Nemesis.Moment.TRAINER);
    }

    @Test
    void a_shard_that_dies_between_prepare_and_commit_is_not_waited_for() throws Exception {
        for (int seed = FIRST; seed < FIRST + SEEDS / 3; seed++) {
            Nemesis nemesis = new Nemesis(seed, 0.3, Nemesis.Moment.COMMIT, Nemesis.Moment.APPLY);
            Result result = underFire(Spec.nano(3, 2, STEPS), nemesis, seed);
            assertThat(nemesis.kills()).containsKey(Nemesis.Moment.COMMIT);
            assertSameAsUndisturbed(result, nemesis, seed);
        }
    }

    @Test
    void with_one_credit_everywhere_the_run_still_ends() throws Exception {
        for (int seed = FIRST; seed < FIRST + SEEDS / 3; seed++) {
            Nemesis nemesis = new Nemesis(seed, PROBABILITY);
            Result result = underFire(Spec.nano(3, 2, STEPS).credits(1), nemesis, seed);
            assertSameAsUndisturbed(result, nemesis, seed);
        }
    }

    @Test
    void replicas_agree_with_lossy_codecs_too() throws Exception {
        for (int seed = FIRST; seed < FIRST + SEEDS / 3; seed++) {
            Nemesis nemesis = new Nemesis(seed, PROBABILITY);
            Result result = underFire(Spec.nano(3, 2, STEPS).codecs("int8", "int8"), nemesis, seed);
            assertThat(result.losses()).as("seed %d", seed).hasSize(STEPS);
            assertCountedOnce(result);
        }
    }

    @Test
    void deadlines_that_fire_all_the_time_double_work_but_never_counts() throws Exception {
        Duration hasty = Duration.ofMillis(5);
        for (int seed = FIRST; seed < FIRST + SEEDS / 3; seed++) {
            Nemesis nemesis = new Nemesis(seed, PROBABILITY / 2);
            Spec spec = Spec.nano(3, 2, STEPS).deadlines(hasty, hasty.multipliedBy(4));
            assertSameAsUndisturbed(underFire(spec, nemesis, seed), nemesis, seed);
        }
    }

    /**
     * With a learning rate of nothing all versions are the same, so that the gradient of a step does not depend on how stale it
     * is; a microbatch that is counted twice or not at all changes its norm by some percent.
     */
    @Test
    void while_steps_begin_early_every_microbatch_is_counted_once_too() throws Exception {
        Spec still = Spec.nano(3, 2, 2 * STEPS).learningRate(1e-30);
        List<Double> norms = norms(TestSwarm.run(still, folder.resolve("still")));
        for (int seed = FIRST; seed < FIRST + SEEDS / 2; seed++) {
            Nemesis nemesis = new Nemesis(seed, PROBABILITY);
            Result result = underFire(still.staleness(1 + seed % 3), nemesis, seed);
            List<Double> seen = norms(result);
            assertThat(seen).as("seed %d", seed).hasSameSizeAs(norms);
            for (int step = 0; step < norms.size(); step++) {
                assertThat(seen.get(step) / norms.get(step))
                        .as("norm in step %d, seed %d, killed %s", step, seed, nemesis.kills())
                        .isCloseTo(1, offset(1e-5));
            }
        }
    }

    private static List<Double> norms(Result result) {
        return result.events().stream()
                .filter(RunEvent.StepCommitted.class::isInstance)
                .map(event -> ((RunEvent.StepCommitted) event).gradientNorm())
                .toList();
    }

    private Result underFire(Spec spec, Nemesis nemesis, int seed) throws InterruptedException {
        Path run = folder.resolve("seed-" + seed + "-" + spec.hashCode());
        Result result = TestSwarm.run(spec, run, nemesis::haunted, nemesis::observe);
        LOG.info("seed {}: killed {}, replayed {}", seed, nemesis.kills(), result.replayed());
        return result;
    }

    private static void assertSameAsUndisturbed(Result result, Nemesis nemesis, int seed) {
        assertThat(result.losses()).as("seed %d", seed).hasSize(STEPS);
        assertCountedOnce(result);
        assertThat(TestSwarm.distance(result.parameters(), undisturbed.parameters()))
                .as("relative L2 distance, seed %d, killed %s", seed, nemesis.kills())
                .isLessThan(1e-6);
    }

    private static void assertCountedOnce(Result result) {
        assertThat(result.events())
                .filteredOn(RunEvent.StepCommitted.class::isInstance)
                .allSatisfy(event ->
                        assertThat(((RunEvent.StepCommitted) event).counted()).isEqualTo(MICROBATCHES));
    }
}
