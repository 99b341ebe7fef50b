package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.TestSwarm.Result;
import io.murmuration.faults.TestSwarm.Spec;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shards and trainers die in the middle of everything; the parameters are those of an undisturbed run. */
final class ExactlyOnceUnderFireTest {

    private static final int STEPS = 5;
    private static Result undisturbed;

    @BeforeAll
    static void runUndisturbed(@TempDir Path folder) throws Exception {
        undisturbed = TestSwarm.run(Spec.nano(3, 2, STEPS), folder);
    }

    @Test
    void every_step_completes_with_every_microbatch_counted_once(@TempDir Path folder) throws Exception {
        Map<Nemesis.Moment, Integer> kills = new TreeMap<>();
        int seeds = Integer.getInteger("fire.seeds", 12);
        int first = Integer.getInteger("fire.first", 1);
        for (int seed = first; seed < first + seeds; seed++) {
            Nemesis nemesis = new Nemesis(seed, 0.02);
            Result result = TestSwarm.run(
                    Spec.nano(3, 2, STEPS), folder.resolve("seed" + seed), nemesis::haunted, nemesis::observe);
            nemesis.kills().forEach((moment, count) -> kills.merge(moment, count, Integer::sum));
            double distance = TestSwarm.distance(result.parameters(), undisturbed.parameters());
            System.out.println("seed " + seed + " kills " + nemesis.kills() + " replayed " + result.replayed()
                    + " distance " + distance);
            assertThat(result.losses()).as("seed %d", seed).hasSize(STEPS);
            assertThat(result.events())
                    .filteredOn(RunEvent.StepCommitted.class::isInstance)
                    .allSatisfy(event -> assertThat(((RunEvent.StepCommitted) event).counted())
                            .isEqualTo(8));
            assertThat(distance).as("seed %d, kills %s", seed, nemesis.kills()).isLessThan(1e-6);
        }
        System.out.println(kills);
    }
}
