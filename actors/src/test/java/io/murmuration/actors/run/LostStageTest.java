package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which stages can be built from their neighbours, and when. */
final class LostStageTest {

    private static final long VERSION = 7;
    private static final Optional<LostStage.Norms> NORMS =
            Optional.of(new LostStage.Norms(VERSION, List.of(0.1, 0.2, 0.3, 0.4)));

    private static RunPlan plan(Integer... layers) {
        return RunModel.rebuilding(RunModel.plan(4, 2, 1, 20), List.of(layers));
    }

    private static Roster without(Integer... stages) {
        List<List<Member>> shards = new ArrayList<>();
        for (int stage = 0; stage < 4; stage++) {
            shards.add(List.of(stages).contains(stage) ? List.of() : List.of(Member.of("shard" + stage, 1)));
        }
        return new Roster(new Epoch(1, 1), shards, List.of());
    }

    private static void impossible(LostStage.Verdict verdict, String reason) {
        assertThat(verdict).isInstanceOfSatisfying(LostStage.Impossible.class, no -> assertThat(no.reason())
                .contains(reason));
    }

    @Test
    void a_stage_in_the_middle_is_built_with_the_norms_of_its_neighbours() {
        RunPlan plan = plan(1, 1, 1, 1);
        assertThat(LostStage.of(plan, without(1), 1, VERSION, 3, NORMS))
                .isEqualTo(new LostStage.Rebuild(new LostStage.Weights(0.1, 0.3)));
        assertThat(LostStage.of(plan, without(2), 2, VERSION, 3, NORMS))
                .isEqualTo(new LostStage.Rebuild(new LostStage.Weights(0.2, 0.4)));
    }

    @Test
    void the_first_and_the_last_stage_hold_what_no_other_has() {
        RunPlan plan = plan(1, 1, 1, 1);
        impossible(LostStage.of(plan, without(0), 0, VERSION, 3, NORMS), "embedding");
        impossible(LostStage.of(plan, without(3), 3, VERSION, 3, NORMS), "head");
    }

    @Test
    void other_numbers_of_layers_or_a_neighbour_without_anybody_are_in_the_way() {
        impossible(
                LostStage.of(plan(1, 2, 2, 1), without(1), 1, VERSION, 3, NORMS),
                "it has 2 layers, and the stages next to it have 1 and 2");
        impossible(LostStage.of(plan(1, 1, 1, 1), without(1, 2), 1, VERSION, 3, NORMS), "stage 2 has nobody either");
    }

    @Test
    void a_checkpoint_of_this_version_is_better() {
        impossible(
                LostStage.of(plan(1, 1, 1, 1), without(1), 1, VERSION, VERSION, NORMS),
                "a keeper has this very version");
    }

    @Test
    void who_has_not_closed_the_last_step_knows_no_norms() {
        impossible(
                LostStage.of(plan(1, 1, 1, 1), without(1), 1, VERSION, 3, Optional.empty()), "has not closed the step");
        impossible(LostStage.of(plan(1, 1, 1, 1), without(1), 1, VERSION + 1, 3, NORMS), "has not closed the step");
    }

    @Test
    void a_run_that_always_goes_back_does() {
        impossible(LostStage.of(RunModel.plan(4, 2, 1, 20), without(1), 1, VERSION, 3, NORMS), "swarm.lost-stage");
    }
}
