package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

/** The coordinator's state machine and the closing of steps, in whole runs. */
final class RunStateTest {

    private static void check(RunModel model, long steps, int mostEvents) {
        boolean over = model.run(mostEvents);
        assertThat(over).as("it comes to an end: %s", model).isTrue();
        assertThat(model.events).as(model.toString()).noneMatch(RunEvent.Failed.class::isInstance);
        assertThat(model.events).filteredOn(RunEvent.Finished.class::isInstance).hasSize(1);
        List<RunEvent.StepCommitted> commits = model.events.stream()
                .filter(RunEvent.StepCommitted.class::isInstance)
                .map(RunEvent.StepCommitted.class::cast)
                .toList();
        assertThat(commits)
                .extracting(RunEvent.StepCommitted::step)
                .containsExactlyElementsOf(LongStream.range(0, steps).boxed().toList());
        assertThat(commits).allSatisfy(commit -> assertThat(commit.counted()).isEqualTo(model.plan.microbatches()));
        assertThat(model.epochs).isSorted();
    }

    @Test
    void an_undisturbed_run_commits_evaluates_and_keeps_as_planned() {
        RunModel model = new RunModel(1, RunModel.plan(3, 2, 2, 6), RunModel.Faults.NONE);
        check(model, 6, 20_000);
        assertThat(model.events)
                .filteredOn(RunEvent.Evaluated.class::isInstance)
                .extracting(event -> ((RunEvent.Evaluated) event).version())
                .containsExactly(2L, 4L, 6L);
        assertThat(model.events)
                .filteredOn(RunEvent.Kept.class::isInstance)
                .extracting(event -> ((RunEvent.Kept) event).version())
                .containsExactly(3L, 6L);
        assertThat(model.events).noneMatch(RunEvent.Lost.class::isInstance);
    }

    @Property(tries = 100, shrinking = ShrinkingMode.OFF)
    void members_may_die_at_any_time(@ForAll long seed) {
        check(new RunModel(seed, RunModel.plan(3, 2, 2, 6), new RunModel.Faults(0, 0, 0.05, 25)), 6, 60_000);
    }

    @Test
    void newcomers_are_let_in_without_a_boundary_being_held() {
        RunModel model = new RunModel(3, RunModel.plan(3, 2, 2, 12), new RunModel.Faults(0, 0, 0, 0, 6));
        check(model, 12, 60_000);
        assertThat(model.events).filteredOn(RunEvent.Joined.class::isInstance).hasSize(6);
        assertThat(model.events).noneMatch(RunEvent.JoinFailed.class::isInstance);
        assertThat(model.stages()).as("spread over the stages").containsOnly(4);
    }

    @Property(tries = 100, shrinking = ShrinkingMode.OFF)
    void newcomers_join_at_any_time_whatever_is_lost(@ForAll long seed) {
        check(new RunModel(seed, RunModel.plan(3, 2, 2, 8), new RunModel.Faults(0.1, 0.1, 0.05, 20, 8)), 8, 150_000);
    }

    @Property(tries = 100, shrinking = ShrinkingMode.OFF)
    void control_messages_may_be_lost_and_doubled(@ForAll long seed) {
        check(new RunModel(seed, RunModel.plan(3, 2, 3, 5), new RunModel.Faults(0.1, 0.1, 0.05, 0)), 5, 60_000);
    }

    @Property(tries = 100, shrinking = ShrinkingMode.OFF)
    void all_of_it_at_once(@ForAll long seed) {
        check(new RunModel(seed, RunModel.plan(3, 3, 3, 5), new RunModel.Faults(0.1, 0.1, 0.1, 30)), 5, 100_000);
    }

    @Property(tries = 50, shrinking = ShrinkingMode.OFF)
    void one_trainer_may_come_and_go(@ForAll long seed) {
        check(new RunModel(seed, RunModel.plan(2, 2, 1, 5), new RunModel.Faults(0.05, 0.05, 0.1, 40)), 5, 100_000);
    }
}
