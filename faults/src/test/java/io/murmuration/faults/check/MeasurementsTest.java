package io.murmuration.faults.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Times are seconds; a step of one stage counts two microbatches. */
class MeasurementsTest {

    private static final Member LEADER = Member.of("hub-1:coordinator", 1);
    private static final Member OTHER = Member.of("hub-2:coordinator", 1);
    private static final Member A = Member.of("a:shard", 1);
    private static final Member B = Member.of("b:shard", 1);
    private static final Roster BOTH = new Roster(new Epoch(1, 1), List.of(List.of(A, B)), List.of());
    private static final Roster ONE = new Roster(new Epoch(1, 2), List.of(List.of(A)), List.of());
    private static final String CUT = "partition drop between a and b";

    private Measurements measured = new Measurements(1, LEADER::equals, CUT::equals, Optional.empty());

    private static long nanos(double seconds) {
        return (long) (seconds * 1e9);
    }

    private void told(double seconds, RunEvent event) {
        measured.told(nanos(seconds), event);
    }

    private void started() {
        told(0, new RunEvent.Started(BOTH, 0));
    }

    private void opened(double seconds, long step) {
        measured.sent(
                nanos(seconds),
                new Envelope(
                        LEADER, A, new MemberMessage.OpenStep(BOTH, List.of(), Purpose.TRAIN, step, 2, false, step)));
    }

    private void committed(double seconds, long step, Roster roster) {
        told(seconds, new RunEvent.StepCommitted(step, 3, 1, 2, 0, roster.shards(), roster));
    }

    private void finished(double seconds, long version) {
        told(seconds, new RunEvent.Finished(version, new TreeMap<>(), false));
    }

    private void fault(double seconds, int number, String what, boolean lasting, Member... hit) {
        measured.faultBegan(nanos(seconds), number, what, List.of(hit), lasting);
    }

    private void assertRecovery(double seconds) {
        assertThat(measured.recovery()).hasValue(nanos(seconds));
    }

    // ---- throughput ---------------------------------------------------------------------------------------------

    @Test
    void a_standstill_counts_until_the_scenario_ends() {
        measured = new Measurements(1, LEADER::equals, CUT::equals, Optional.of(Duration.ofSeconds(600)));
        started();
        for (int step = 0; step < 6; step++) {
            committed(step + 1, step, BOTH);
        }
        measured.over(nanos(720));
        assertThat(measured.stepsPerSecond()).hasValue(0.01);
        assertThat(measured.standstill(Duration.ofSeconds(60))).hasValue(nanos(594));
    }

    @Test
    void what_is_committed_after_the_scenario_counts_for_no_rate() {
        measured = new Measurements(1, LEADER::equals, CUT::equals, Optional.of(Duration.ofSeconds(10)));
        started();
        committed(5, 0, BOTH);
        committed(15, 1, BOTH);
        finished(20, 2);
        measured.over(nanos(20));
        assertThat(measured.stepsPerSecond()).hasValue(0.1);
        assertThat(measured.standstill(Duration.ofSeconds(60))).isEmpty();
    }

    @Test
    void a_run_that_is_finished_is_measured_until_then() {
        started();
        committed(5, 0, BOTH);
        committed(10, 1, BOTH);
        finished(10, 2);
        measured.over(nanos(500));
        assertThat(measured.stepsPerSecond()).hasValue(0.2);
    }

    // ---- steps that were taken back -----------------------------------------------------------------------------

    private void computes(int microbatches) {
        for (int index = 0; index < microbatches; index++) {
            measured.computed(
                    0,
                    A,
                    new Compute.Backward(
                            new MicrobatchId(Purpose.TRAIN, 0, index), new byte[0], Payload.EMPTY, Payload.EMPTY, true),
                    new Compute.Completed<>(Compute.Nothing.NOTHING),
                    1);
        }
    }

    @Test
    void steps_that_were_taken_back_are_no_steps_and_their_work_is_wasted() {
        started();
        for (int step = 0; step < 15; step++) {
            computes(2);
            committed(step + 1, step, BOTH);
        }
        told(16, new RunEvent.RolledBack(15, 10, "a stage is lost"));
        told(17, new RunEvent.Started(BOTH, 10));
        for (int step = 10; step < 20; step++) {
            computes(2);
            committed(step + 10, step, BOTH);
        }
        finished(30, 20);
        measured.over(nanos(30));
        assertThat(measured.steps())
                .hasSize(20)
                .extracting(Measurements.Step::step)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(measured.lostSteps()).isEqualTo(5);
        assertThat(measured.wastedWork().orElseThrow()).isEqualTo(0.25, within(1e-12));
        assertThat(measured.stepsPerSecond().orElseThrow()).isEqualTo(20 / 30.0, within(1e-12));
    }

    @Test
    void steps_that_nobody_remembers_are_taken_back_too() {
        started();
        committed(1, 0, BOTH);
        committed(2, 1, BOTH);
        told(5, new RunEvent.Started(BOTH, 1));
        assertThat(measured.steps()).hasSize(1);
    }

    // ---- recovery -----------------------------------------------------------------------------------------------

    @Test
    void without_a_fault_that_took_somebody_there_is_no_recovery() {
        started();
        committed(1, 0, BOTH);
        fault(1, 0, "slow a by 2.0 (a)", true);
        fault(1, 1, "disk bitflip (hub-1)", false);
        opened(1, 1);
        committed(2, 1, BOTH);
        assertThat(measured.recovery()).isEmpty();
        assertThat(measured.faults()).noneMatch(measured::countsForRecovery);
        fault(3, 2, "kill b (b)", true, B);
        committed(7, 2, ONE);
        assertRecovery(4);
    }

    @Test
    void who_was_taken_and_stays_in_the_roster_is_never_got_over() {
        started();
        fault(1, 0, "kill b (b)", true, B);
        committed(2, 0, BOTH);
        finished(3, 1);
        assertThat(measured.recovery()).isEmpty();
        assertThat(measured.faults()).allMatch(measured::countsForRecovery);
    }

    @Test
    void who_goes_when_all_steps_are_done_need_not_be_got_over() {
        started();
        fault(1, 0, "kill b (b)", true, B);
        committed(2, 0, ONE);
        fault(2.5, 1, "kill a (a)", true, A);
        finished(3, 1);
        assertRecovery(1);
    }

    @Test
    void a_killed_coordinator_is_in_no_roster_and_counts() {
        started();
        committed(1, 0, BOTH);
        fault(2, 0, "kill hub-1 (hub-1)", true);
        measured.ended(nanos(2), LEADER);
        committed(14, 1, BOTH);
        assertRecovery(12);
    }

    @Test
    void a_frozen_coordinator_counts_when_another_took_over() {
        started();
        opened(0, 0);
        committed(1, 0, BOTH);
        fault(2, 0, "pause hub-1 (hub-1)", true);
        told(11, new RunEvent.TookOver(OTHER, 2, 1, "open"));
        committed(13, 1, BOTH);
        assertRecovery(11);
    }

    @Test
    void a_partition_that_took_members_is_over_with_the_first_step_without_them() {
        started();
        fault(1, 0, CUT, true);
        fault(1, 1, "slow a by 2.0 (a)", true);
        opened(2, 0);
        committed(3, 0, BOTH);
        assertRecovery(2);
        told(10, new RunEvent.Lost(B, "unreachable"));
        assertThat(measured.recovery()).isEmpty();
        committed(12, 1, ONE);
        assertRecovery(11);
        assertThat(measured.faults().getFirst().hit()).containsExactly(B);
    }

    @Test
    void a_partition_that_took_nobody_is_over_with_the_first_step_that_began_after_it() {
        started();
        opened(1, 0);
        fault(2, 0, CUT, true);
        committed(4, 0, BOTH);
        assertThat(measured.recovery()).isEmpty();
        opened(4, 1);
        committed(9, 1, BOTH);
        assertRecovery(7);
        opened(9, 2);
        fault(10, 1, CUT, true);
        committed(11, 2, BOTH);
        finished(11, 3);
        assertRecovery(7);
    }

    @Test
    void who_died_of_another_fault_was_not_taken_by_a_partition() {
        started();
        fault(1, 0, CUT, true);
        fault(2, 1, "kill b (b)", true, B);
        measured.ended(nanos(2), B);
        told(10, new RunEvent.Lost(B, "unreachable"));
        assertThat(measured.faults().getFirst().hit()).isEmpty();
    }

    // ---- ejected ------------------------------------------------------------------------------------------------

    @Test
    void only_who_is_told_to_start_over_for_a_fault_was_ejected() {
        for (Member member : List.of(A, B)) {
            measured.sent(
                    0, new Envelope(LEADER, member, new MemberMessage.StartOver(ONE.epoch(), member.equals(B), "why")));
        }
        measured.sent(1, new Envelope(LEADER, B, new MemberMessage.StartOver(ONE.epoch(), true, "once more")));
        assertThat(measured.ejected()).isEqualTo(1);
    }
}
