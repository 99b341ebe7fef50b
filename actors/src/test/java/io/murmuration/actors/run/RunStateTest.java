package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Member;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The coordinator's state machine, its takeovers and the closing of steps, in whole runs. */
final class RunStateTest {

    private static void check(RunModel model, long steps, int mostEvents) {
        boolean over = model.run(mostEvents);
        assertThat(over).as("it comes to an end: %s", model).isTrue();
        assertThat(model.events).as(model.toString()).noneMatch(RunEvent.Failed.class::isInstance);
        assertThat(model.events)
                .filteredOn(RunEvent.Finished.class::isInstance)
                .singleElement()
                .satisfies(event ->
                        assertThat(((RunEvent.Finished) event).version()).isEqualTo(steps));
        if (model.faults.wholeStages() == 0) {
            assertThat(model.events)
                    .as(model.toString())
                    .noneMatch(event -> event instanceof RunEvent.RolledBack back && back.to() < back.from());
        }
        nothingIsLostBut(model);
        model.endsAsOne();
    }

    /**
     * Every coordinator goes from version to version, or says that it goes back; and the next one begins where the last
     * one was.
     */
    private static void nothingIsLostBut(RunModel model) {
        Map<Member, Long> versions = new TreeMap<>();
        long newest = 0;
        long term = 0;
        for (RunModel.Told told : model.told) {
            Member by = told.coordinator();
            switch (told.event()) {
                case RunEvent.Started started -> versions.put(by, started.version());
                case RunEvent.TookOver tookOver -> {
                    // One that was frozen may believe so for a moment, from promises that are broken by now.
                    boolean latest = tookOver.term() > term;
                    term = Math.max(term, tookOver.term());
                    if (latest && model.faults.wholeStages() == 0) {
                        assertThat(tookOver.version())
                                .as("%s after version %d: %s", tookOver, newest, model)
                                .isGreaterThanOrEqualTo(newest - 1);
                    }
                    versions.put(by, tookOver.version());
                }
                case RunEvent.StepCommitted step -> {
                    assertThat(step.step()).as("%s by %s: %s", step, by, model).isEqualTo(versions.get(by));
                    assertThat(step.counted()).isEqualTo(model.plan.microbatches());
                    versions.put(by, step.step() + 1);
                    newest = Math.max(newest, step.step() + 1);
                }
                case RunEvent.RolledBack back -> {
                    assertThat(back.to()).isLessThanOrEqualTo(back.from());
                    newest = back.to();
                }
                default -> {}
            }
        }
    }

    @Test
    void an_undisturbed_run_commits_evaluates_and_keeps_as_planned() {
        RunModel model = new RunModel(1, RunModel.plan(3, 2, 2, 6), RunModel.Faults.NONE);
        check(model, 6, 20_000);
        assertThat(model.events)
                .filteredOn(RunEvent.StepCommitted.class::isInstance)
                .extracting(event -> ((RunEvent.StepCommitted) event).step())
                .containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
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

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void members_may_die_at_any_time(@ForAll long seed) {
        check(new RunModel(seed, RunModel.plan(3, 2, 2, 6), new RunModel.Faults(0, 0, 0.05, 25)), 6, 60_000);
    }

    @Test
    void newcomers_are_let_in_without_a_boundary_being_held() {
        RunModel model = new RunModel(3, RunModel.plan(3, 2, 2, 12), RunModel.Faults.NONE.newcomers(6));
        check(model, 12, 60_000);
        assertThat(model.events).filteredOn(RunEvent.Joined.class::isInstance).hasSize(6);
        assertThat(model.events).noneMatch(RunEvent.JoinFailed.class::isInstance);
        assertThat(model.stages()).as("spread over the stages").containsOnly(4);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void newcomers_join_at_any_time_whatever_is_lost(@ForAll long seed) {
        check(
                new RunModel(seed, RunModel.plan(3, 2, 2, 8), new RunModel.Faults(0.1, 0.1, 0.05, 20).newcomers(8)),
                8,
                150_000);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void control_messages_may_be_lost_and_doubled(@ForAll long seed) {
        check(new RunModel(seed, RunModel.plan(3, 2, 3, 5), new RunModel.Faults(0.1, 0.1, 0.05, 0)), 5, 60_000);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void all_of_it_at_once(@ForAll long seed) {
        check(new RunModel(seed, RunModel.plan(3, 3, 3, 5), new RunModel.Faults(0.1, 0.1, 0.1, 30)), 5, 100_000);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void one_trainer_may_come_and_go(@ForAll long seed) {
        check(new RunModel(seed, RunModel.plan(2, 2, 1, 5), new RunModel.Faults(0.05, 0.05, 0.1, 40)), 5, 100_000);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void coordinators_may_crash_freeze_and_come_back_at_any_time(@ForAll long seed) {
        check(
                new RunModel(seed, RunModel.plan(3, 2, 2, 6), new RunModel.Faults(0, 0, 0.05, 0, 10, 0, 0, 0)),
                6,
                100_000);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void coordinators_and_members_may_be_lost_with_messages(@ForAll long seed) {
        check(
                new RunModel(seed, RunModel.plan(3, 3, 3, 5, 2), new RunModel.Faults(0.05, 0.05, 0.05, 15, 6, 0, 0, 0)),
                5,
                150_000);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void members_may_leave_whenever_they_want(@ForAll long seed) {
        check(
                new RunModel(seed, RunModel.plan(3, 2, 2, 6, 2), new RunModel.Faults(0.05, 0.05, 0.05, 0, 2, 15, 0, 0)),
                6,
                100_000);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void whole_stages_may_be_lost(@ForAll long seed) {
        check(
                new RunModel(seed, RunModel.plan(3, 2, 2, 7, 2), new RunModel.Faults(0.02, 0.02, 0.05, 5, 4, 3, 3, 0)),
                7,
                200_000);
    }

    private static RunPlan rebuilding(int early) {
        RunPlan plan = RunModel.early(RunModel.plan(4, 2, 2, 14, 2), early);
        return RunModel.rebuilding(plan, List.of(1, 1, 1, 1));
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void a_lost_stage_is_built_from_its_neighbours_and_no_version_is_lost(
            @ForAll long seed, @ForAll @IntRange(max = 2) int early) {
        RunModel model = new RunModel(seed, rebuilding(early), new RunModel.Faults(0.02, 0.02, 0.05, 0, 0, 0, 4, 0));
        check(model, 14, 300_000);
        assertThat(model.events)
                .as(model.toString())
                .filteredOn(RunEvent.RolledBack.class::isInstance)
                .allMatch(
                        event -> ((RunEvent.RolledBack) event).reason().contains("; not built from its neighbours: "));
    }

    @Test
    void a_stage_between_two_others_is_there_again_at_the_version_that_was_in_place() {
        int rebuilt = 0;
        for (long seed = 1; seed <= 12; seed++) {
            RunModel model = new RunModel(seed, rebuilding(0), new RunModel.Faults(0, 0, 0, 0, 0, 0, 1, 0));
            check(model, 14, 300_000);
            for (RunEvent event : model.events) {
                if (event instanceof RunEvent.Rebuilt built) {
                    rebuilt++;
                    assertThat(built.stage()).isBetween(1, 2);
                    assertThat(model.events).noneMatch(RunEvent.RolledBack.class::isInstance);
                    assertThat(model.events)
                            .filteredOn(RunEvent.StepCommitted.class::isInstance)
                            .hasSize(14);
                }
            }
        }
        assertThat(rebuilt).isPositive();
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void stages_may_be_lost_and_built_while_everything_else_happens(
            @ForAll long seed, @ForAll @IntRange(max = 2) int early) {
        check(
                new RunModel(
                        seed,
                        rebuilding(early),
                        new RunModel.Faults(0.05, 0.05, 0.05, 15, 4, 5, 3, 0.02)
                                .newcomers(6)
                                .damage(0.1)
                                .cuts(5)),
                14,
                600_000);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void updates_may_come_out_wrong_and_are_done_again(@ForAll long seed) {
        check(
                new RunModel(seed, RunModel.plan(3, 2, 2, 6), new RunModel.Faults(0.02, 0.02, 0, 0, 2, 0, 0, 0.1)),
                6,
                100_000);
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void everything_may_happen_at_once(@ForAll long seed) {
        check(
                new RunModel(
                        seed,
                        RunModel.plan(3, 2, 2, 8, 2),
                        new RunModel.Faults(0.05, 0.05, 0.05, 15, 6, 5, 2, 0.02)
                                .newcomers(6)
                                .damage(0.1)
                                .cuts(5)),
                8,
                400_000);
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void while_every_stage_keeps_a_replica_nothing_is_lost(@ForAll long seed) {
        check(
                new RunModel(
                        seed,
                        RunModel.plan(3, 3, 2, 8, 2),
                        new RunModel.Faults(0.05, 0.05, 0.05, 15, 6, 5, 0, 0)
                                .newcomers(6)
                                .cuts(6)),
                8,
                400_000);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void a_paused_run_opens_no_step_and_goes_on_afterwards(@ForAll long seed) {
        RunModel model = new RunModel(
                        seed, RunModel.plan(3, 2, 2, 8, 1), new RunModel.Faults(0.05, 0.05, 0, 5).newcomers(3))
                .pauses(3);
        check(model, 8, 200_000);
        // A step or two may be over before the first pause reaches a boundary, so not every order is seen to be obeyed.
        long paused =
                model.events.stream().filter(RunEvent.Paused.class::isInstance).count();
        long resumed =
                model.events.stream().filter(RunEvent.Resumed.class::isInstance).count();
        assertThat(resumed).as(model.toString()).isEqualTo(paused);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void whoever_leads_next_keeps_a_run_paused(@ForAll long seed) {
        check(
                new RunModel(
                                seed,
                                RunModel.plan(3, 2, 2, 8, 2),
                                new RunModel.Faults(0.05, 0.05, 0.05, 10, 6, 4, 1, 0)
                                        .newcomers(4)
                                        .cuts(3))
                        .pauses(4),
                8,
                400_000);
    }

    @Test
    void steps_begin_early_and_all_are_at_one_version_where_something_else_is_to_happen() {
        RunModel model = new RunModel(1, RunModel.early(RunModel.plan(3, 2, 2, 9), 2), RunModel.Faults.NONE);
        check(model, 9, 40_000);
        assertThat(model.opened).as("opened early").isNotEmpty().allMatch(ahead -> ahead <= 2);
        assertThat(model.events)
                .filteredOn(RunEvent.Evaluated.class::isInstance)
                .extracting(event -> ((RunEvent.Evaluated) event).version())
                .containsExactly(5L, 9L);
        assertThat(model.events)
                .filteredOn(RunEvent.Kept.class::isInstance)
                .extracting(event -> ((RunEvent.Kept) event).version())
                .containsExactly(4L, 8L, 9L);
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void everything_may_happen_at_once_while_steps_begin_early(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int early) {
        check(
                new RunModel(
                        seed,
                        RunModel.early(RunModel.plan(3, 2, 2, 12, 2), early),
                        new RunModel.Faults(0.05, 0.05, 0.05, 15, 6, 5, 2, 0.02)
                                .newcomers(6)
                                .damage(0.1)
                                .cuts(5)),
                12,
                500_000);
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void nothing_is_lost_while_steps_begin_early(@ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int early) {
        check(
                new RunModel(
                        seed,
                        RunModel.early(RunModel.plan(3, 3, 2, 12, 2), early),
                        new RunModel.Faults(0.05, 0.05, 0.05, 15, 6, 5, 0, 0)
                                .newcomers(6)
                                .cuts(6)),
                12,
                500_000);
    }

    private static long moves(RunModel model) {
        return model.events.stream().filter(RunEvent.Moving.class::isInstance).count();
    }

    @Test
    void shards_move_and_arrive_while_nothing_else_happens() {
        RunModel model =
                new RunModel(2, RunModel.moving(RunModel.plan(3, 3, 2, 30), 2), RunModel.Faults.NONE.newcomers(2));
        check(model, 30, 200_000);
        assertThat(model.events).as(model.toString()).anyMatch(RunEvent.Moved.class::isInstance);
        // Who was not there yet as the run ended has not arrived.
        long over = model.events.stream()
                .filter(event -> event instanceof RunEvent.Moved || event instanceof RunEvent.MoveDropped)
                .count();
        assertThat(moves(model)).isBetween(1L, over + 2);
        assertThat(model.events).noneMatch(RunEvent.Lost.class::isInstance);
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void a_move_empties_no_stage_whatever_happens(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 2) int minimumReplicas,
            @ForAll @IntRange(min = 0, max = 2) int early) {
        check(
                new RunModel(
                        seed,
                        RunModel.moving(RunModel.early(RunModel.plan(3, 3, 2, 12, 2), early), minimumReplicas),
                        new RunModel.Faults(0.05, 0.05, 0.05, 15, 6, 5, 0, 0)
                                .newcomers(6)
                                .cuts(6)),
                12,
                500_000);
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void shards_move_while_everything_else_happens_too(
            @ForAll long seed, @ForAll @IntRange(min = 0, max = 2) int early) {
        check(
                new RunModel(
                                seed,
                                RunModel.moving(RunModel.early(RunModel.plan(3, 2, 2, 12, 2), early), 1),
                                new RunModel.Faults(0.05, 0.05, 0.05, 15, 6, 5, 2, 0.02)
                                        .newcomers(8)
                                        .damage(0.1)
                                        .cuts(5))
                        .pauses(2),
                12,
                600_000);
    }
}
