package io.murmuration.faults.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.simulation.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Each check holds a trace that is well for well, and finds what is wrong in one that is not. */
class CheckersTest {

    private static final Member LEADER = member("hub:coordinator");
    private static final Member A = member("a:shard");
    private static final Member B = member("b:shard");
    private static final Member C = member("c:shard");
    private static final Roster BOTH = roster(1, 1, List.of(A, B));

    private static Member member(String peer) {
        return new Member(new PeerId(peer), 1);
    }

    private static Roster roster(long term, long number, List<Member> stage) {
        return new Roster(new Epoch(term, number), List.of(stage), List.of());
    }

    private static Envelope from(Member leader, Member to, ControlMessage message) {
        return new Envelope(leader, to, message);
    }

    private static MemberMessage.OpenStep open(Roster roster, long step) {
        return new MemberMessage.OpenStep(roster, List.of(), Purpose.TRAIN, step, 2, false, step);
    }

    private static void assertSound(Check check) {
        assertThat(check.count()).isZero();
    }

    private static void assertFound(Check check, String counterexample) {
        assertThat(check.violations()).isNotEmpty();
        assertThat(check.violations().getLast().counterexample()).contains(counterexample);
    }

    // ---- exactly once -------------------------------------------------------------------------------------------

    private final ExactlyOnce once = new ExactlyOnce();

    private void done(Member owner, Compute.Task<?> task) {
        once.computed(0, owner, task, new Compute.Completed<>(Compute.Nothing.NOTHING), 1);
    }

    private void counts(Member owner, int index) {
        MicrobatchId id = new MicrobatchId(Purpose.TRAIN, 4, index);
        done(owner, new Compute.Backward(id, new byte[0], Payload.EMPTY, Payload.EMPTY, true));
    }

    private void deliver(Member to, ControlMessage message) {
        once.delivered(0, from(LEADER, to, message));
    }

    /** Both are invited, give what they have, and the first applies what came of it. */
    private void average() {
        for (Member each : List.of(A, B)) {
            deliver(each, new ShardMessage.Average(BOTH.epoch(), 4, 9, List.of(A, B), List.of(C), List.of()));
            done(each, new Compute.Contribution(4, 0, 1));
        }
    }

    private void opened() {
        deliver(A, open(BOTH, 4));
        deliver(B, open(BOTH, 4));
    }

    private void commit(Member member) {
        deliver(member, new ShardMessage.Commit(BOTH.epoch(), 4, 9, 1));
        done(member, new Compute.Apply(4, 1));
    }

    @Test
    void each_microbatch_once_is_sound_also_where_a_joiner_follows_long_after() {
        opened();
        counts(A, 0);
        counts(B, 1);
        average();
        commit(A);
        commit(B);
        deliver(A, open(BOTH, 7));
        deliver(C, new ShardMessage.Follow(BOTH.epoch(), 4, 9, List.of(A, B), 1));
        done(C, new Compute.Apply(4, 1));
        assertSound(once);
    }

    @Test
    void a_microbatch_in_two_accumulators_is_found() {
        opened();
        counts(A, 0);
        counts(B, 0);
        counts(B, 1);
        average();
        commit(A);
        assertFound(once, "microbatch 0 is counted 2 times, by a:shard#1, b:shard#1");
    }

    @Test
    void a_microbatch_twice_in_one_accumulator_is_found() {
        opened();
        counts(A, 0);
        counts(A, 0);
        counts(B, 1);
        average();
        commit(A);
        assertFound(once, "microbatch 0 is counted 2 times, by a:shard#1 2 times");
    }

    @Test
    void a_gradient_of_a_version_that_is_too_old_is_found() {
        var staleness = new BoundedStaleness(1);
        staleness.computed(0, A, new Compute.Apply(3, 1), new Compute.Completed<>("digest"), 0);
        for (long step = 4; step <= 6; step++) {
            var forward = new Compute.Forward(new MicrobatchId(Purpose.TRAIN, step, 0), new byte[0], Payload.EMPTY);
            assertThat(staleness.count()).as("before step %d", step).isZero();
            staleness.computed(0, A, forward, new Compute.Completed<>(Payload.EMPTY), 0);
        }
        assertFound(staleness, A + " computed microbatch 6/0 with version 4, more than 1 behind");
    }

    @Test
    void a_microbatch_that_was_thrown_away_is_found() {
        opened();
        counts(A, 0);
        counts(B, 1);
        done(B, new Compute.Discard(4));
        average();
        commit(A);
        assertFound(once, "microbatch 1 is counted 0 times");
    }

    @Test
    void a_microbatch_that_is_counted_twice_in_a_round_of_a_forgotten_number_is_found() {
        opened();
        counts(A, 0);
        counts(B, 1);
        average();
        commit(A);
        commit(B);
        once.ended(0, A);
        once.ended(0, B);
        once.forgotten(0);
        opened();
        counts(A, 0);
        counts(B, 0);
        counts(B, 1);
        average();
        commit(A);
        assertFound(once, "microbatch 0 is counted 2 times, by a:shard#1, b:shard#1");
    }

    @Test
    void a_step_that_nobody_ordered_is_found() {
        opened();
        counts(A, 0);
        counts(B, 1);
        average();
        done(A, new Compute.Apply(4, 1));
        assertFound(once, "a:shard#1 applied step 4 though no round of it was committed there");
    }

    // ---- replicas -----------------------------------------------------------------------------------------------

    private final ReplicaDigests replicas = new ReplicaDigests();

    private void holds(Member member, String digest) {
        replicas.computed(0, member, new Compute.Apply(4, 1), new Compute.Completed<>(digest), 1);
    }

    @Test
    void replicas_that_hold_the_same_are_sound() {
        holds(A, "x");
        holds(B, "x");
        holds(C, "y");
        replicas.sent(0, from(LEADER, A, open(BOTH, 5)));
        assertSound(replicas);
    }

    @Test
    void replicas_that_differ_are_found() {
        holds(A, "x");
        holds(B, "y");
        replicas.sent(0, from(LEADER, A, open(BOTH, 5)));
        assertFound(replicas, "step 5 begins, and in stage 0 {x=a:shard#1, y=b:shard#1}");
    }

    @Test
    void a_replica_of_which_nothing_is_known_is_found() {
        holds(A, "x");
        replicas.sent(0, from(LEADER, A, open(BOTH, 5)));
        assertFound(replicas, "nothing=b:shard#1");
    }

    private void lastCommitted() {
        replicas.told(0, new RunEvent.StepCommitted(4, 0, 1, 2, 0, 2, BOTH));
    }

    @Test
    void replicas_that_differ_after_the_last_step_are_found() {
        holds(A, "x");
        holds(B, "y");
        lastCommitted();
        replicas.over(1);
        assertFound(replicas, "step 4 is the last, and in stage 0 {a:shard#1=x, b:shard#1=y}");
    }

    @Test
    void after_the_last_step_who_is_lost_and_who_is_not_known_is_not_asked() {
        holds(A, "x");
        lastCommitted();
        replicas.over(1);
        holds(B, "y");
        lastCommitted();
        replicas.told(0, new RunEvent.Lost(B, "its parameters differ"));
        replicas.over(1);
        assertSound(replicas);
    }

    @Test
    void a_replica_that_has_died_is_not_asked() {
        holds(A, "x");
        holds(B, "x");
        replicas.ended(0, B);
        replicas.sent(0, from(LEADER, A, open(BOTH, 5)));
        assertSound(replicas);
    }

    // ---- rosters ------------------------------------------------------------------------------------------------

    private final RosterMonotone rosters = new RosterMonotone();

    private void published(Member by, Roster roster) {
        rosters.sent(0, from(by, A, new MemberMessage.RosterChanged(roster)));
    }

    @Test
    void rosters_that_grow_are_sound_and_begin_anew_when_all_is_forgotten() {
        published(LEADER, BOTH);
        published(LEADER, roster(1, 2, List.of(A)));
        published(C, roster(2, 1, List.of(A)));
        rosters.forgotten(0);
        published(C, roster(1, 1, List.of(A, B)));
        assertSound(rosters);
    }

    @Test
    void an_old_roster_is_found() {
        published(LEADER, roster(1, 2, List.of(A)));
        published(LEADER, BOTH);
        assertFound(rosters, "publishes epoch 1.1 after 1.2");
    }

    @Test
    void two_rosters_of_one_epoch_are_found() {
        published(LEADER, BOTH);
        published(LEADER, roster(1, 1, List.of(A)));
        assertFound(rosters, "epoch 1.1 has two rosters");
    }

    @Test
    void two_coordinators_of_one_term_are_found() {
        published(LEADER, BOTH);
        published(C, roster(1, 2, List.of(A, B)));
        assertFound(rosters, "term 1 is commanded by hub:coordinator#1 and by c:shard#1");
    }

    @Test
    void somebody_who_was_dropped_and_is_back_is_found() {
        published(LEADER, BOTH);
        published(LEADER, roster(1, 2, List.of(A)));
        published(LEADER, roster(1, 3, List.of(A, B)));
        assertFound(rosters, "b:shard#1 is back in roster 1.3");
    }

    @Test
    void somebody_in_two_stages_is_found() {
        published(LEADER, new Roster(new Epoch(1, 1), List.of(List.of(A), List.of(A, B)), List.of()));
        assertFound(rosters, "a:shard#1 is in stages 0 and 1");
    }

    // ---- what was committed -------------------------------------------------------------------------------------

    private final NothingLost lost = new NothingLost();

    private void committed(long step) {
        lost.told(0, new RunEvent.StepCommitted(step, 0, 1, 2, 0, 2, BOTH));
    }

    private void tookOver() {
        lost.told(0, new RunEvent.TookOver(LEADER, 2, 5, "found"));
    }

    @Test
    void steps_in_a_row_are_sound_and_the_last_may_be_told_twice_after_a_takeover() {
        lost.told(0, new RunEvent.Started(BOTH, 0));
        committed(0);
        committed(1);
        tookOver();
        committed(1);
        committed(2);
        assertSound(lost);
        assertThat(lost.version()).isEqualTo(3);
    }

    @Test
    void a_step_that_is_told_twice_by_one_coordinator_is_found() {
        lost.told(0, new RunEvent.Started(BOTH, 0));
        committed(0);
        committed(0);
        assertFound(lost, "committed step 0 though version 1 is in place");
    }

    @Test
    void a_step_that_is_left_out_is_found() {
        lost.told(0, new RunEvent.Started(BOTH, 0));
        committed(0);
        committed(2);
        assertFound(lost, "committed step 2 though version 1 is in place");
    }

    @Test
    void a_run_that_begins_again_without_a_reason_is_found() {
        lost.told(0, new RunEvent.Started(BOTH, 0));
        committed(0);
        tookOver();
        lost.told(0, new RunEvent.Started(BOTH, 0));
        assertFound(lost, "goes on from version 0 though version 1 was committed");
    }

    @Test
    void a_run_may_begin_again_when_nobody_lives_who_held_it() {
        lost.told(0, new RunEvent.Started(BOTH, 0));
        committed(0);
        lost.ended(0, A);
        lost.ended(0, B);
        lost.told(0, new RunEvent.Started(roster(1, 1, List.of(C)), 0));
        assertSound(lost);
    }

    private void stageLost() {
        lost.told(0, new RunEvent.Lost(A, "unreachable"));
        lost.told(0, new RunEvent.Lost(B, "unreachable"));
    }

    // ---- going back without need --------------------------------------------------------------------------------

    private static final Roster TWO_STAGES = new Roster(new Epoch(1, 1), List.of(List.of(A, B), List.of(C)), List.of());

    private void twoStages() {
        lost.told(0, new RunEvent.Started(TWO_STAGES, 0));
        lost.told(0, new RunEvent.StepCommitted(0, 0, 1, 2, 0, 3, TWO_STAGES));
    }

    private void startOver(long term, long time, Member... members) {
        for (Member member : members) {
            lost.sent(
                    time,
                    from(LEADER, member, new MemberMessage.StartOver(new Epoch(term, 7), false, "the run goes back")));
        }
    }

    private void rolledBack() {
        lost.told(9, new RunEvent.RolledBack(1, 0, "no reason"));
    }

    @Test
    void going_back_though_every_stage_lives_is_found() {
        twoStages();
        lost.ended(0, A);
        startOver(0, 5, B, C);
        rolledBack();
        assertFound(lost, "went back to version 0 (no reason) though version 1 is in place in every stage");
    }

    @Test
    void going_back_is_sound_when_a_stage_was_lost_or_had_left_or_had_died() {
        twoStages();
        lost.told(0, new RunEvent.Lost(A, "unreachable"));
        lost.told(0, new RunEvent.Left(B, 1));
        startOver(0, 5, C);
        rolledBack();
        twoStages();
        lost.ended(0, C);
        rolledBack();
        assertSound(lost);
    }

    @Test
    void going_back_is_sound_when_replicas_did_not_agree_and_did_the_step_again() {
        twoStages();
        lost.sent(0, from(LEADER, A, new ShardMessage.Redo(TWO_STAGES.epoch(), 1)));
        startOver(0, 5, A, B, C);
        rolledBack();
        assertSound(lost);
    }

    @Test
    void going_back_is_sound_when_who_holds_a_stage_was_expelled_before_or_promised_only_afterwards() {
        twoStages();
        lost.sent(1, from(LEADER, C, new MemberMessage.StartOver(new Epoch(0, 3), true, "it differs")));
        startOver(0, 5, A, B);
        rolledBack();
        lost.told(0, new RunEvent.Started(TWO_STAGES, 0));
        assertSound(lost);
    }

    /** A new coordinator of term 2, and what these tell it. */
    private void takesOver() {
        lost.sent(1, from(LEADER, A, new MemberMessage.TakeOver(new Epoch(2, 0))));
    }

    private void promises(Member member, int stage, long version, String digest, boolean prepared) {
        lost.delivered(
                2,
                new Envelope(
                        member,
                        LEADER,
                        new CoordinatorMessage.Promised(
                                new Epoch(2, 0),
                                new Standing.OfShard(
                                        new Epoch(1, 1),
                                        stage,
                                        version,
                                        digest,
                                        Optional.empty(),
                                        false,
                                        prepared ? Optional.of(new Standing.Prepared(3, "d", 1)) : Optional.empty(),
                                        Optional.of(new Standing.Committed(version - 1, 3, 1))))));
    }

    @Test
    void a_new_coordinator_that_goes_back_with_the_promises_of_all_stages_is_found() {
        twoStages();
        takesOver();
        promises(A, 0, 1, "a", false);
        promises(C, 1, 1, "c", false);
        startOver(2, 5, A, C);
        rolledBack();
        assertFound(lost, "went back to version 0");
    }

    @Test
    void a_new_coordinator_that_goes_back_from_a_step_that_some_have_made_and_all_can_make_is_found() {
        twoStages();
        takesOver();
        promises(A, 0, 2, "a", false);
        promises(C, 1, 1, "c", true);
        startOver(2, 5, A, C);
        rolledBack();
        assertFound(lost, "went back to version 0");
    }

    @Test
    void a_new_coordinator_may_go_back_when_a_stage_does_not_answer_in_time() {
        twoStages();
        takesOver();
        promises(A, 0, 1, "a", false);
        startOver(2, 5, A);
        // It promised too late.
        promises(C, 1, 1, "c", false);
        startOver(2, 6, C);
        rolledBack();
        assertSound(lost);
    }

    @Test
    void a_new_coordinator_may_go_back_when_replicas_disagree() {
        twoStages();
        takesOver();
        promises(A, 0, 1, "a", false);
        promises(B, 0, 1, "b", false);
        promises(C, 1, 1, "c", false);
        startOver(2, 5, A, B, C);
        rolledBack();
        assertSound(lost);
    }

    @Test
    void a_new_coordinator_may_go_back_when_a_stage_is_left_behind() {
        twoStages();
        takesOver();
        promises(A, 0, 2, "a", false);
        promises(C, 1, 1, "c", false);
        startOver(2, 5, A, C);
        rolledBack();
        assertSound(lost);
    }

    // ---- how far it goes back -----------------------------------------------------------------------------------

    private static final Member KEEPER = Member.of("k:keeper", 1);

    private void found(long term) {
        Epoch epoch = new Epoch(term, 0);
        lost.sent(0, new Envelope(LEADER, KEEPER, new MemberMessage.TakeOver(epoch)));
        lost.delivered(
                0,
                new Envelope(KEEPER, LEADER, new CoordinatorMessage.Promised(epoch, new Standing.OfKeeper(List.of()))));
    }

    @Test
    void going_back_to_the_newest_checkpoint_is_sound_and_behind_it_is_found() {
        found(1);
        lost.told(0, new RunEvent.Started(BOTH, 0));
        committed(0);
        lost.told(0, new RunEvent.Kept(1, List.of(KEEPER)));
        committed(1);
        stageLost();
        lost.told(0, new RunEvent.RolledBack(2, 1, "a stage is lost"));
        lost.told(0, new RunEvent.Started(BOTH, 1));
        committed(1);
        lost.ended(0, A);
        lost.ended(0, B);
        lost.told(0, new RunEvent.Started(BOTH, 1));
        committed(1);
        assertSound(lost);
        lost.told(0, new RunEvent.RolledBack(2, 0, "a stage is lost"));
        assertFound(lost, "went back to version 0 though k:keeper#1 keeps a checkpoint of version 1");
    }

    @Test
    void going_further_back_is_sound_when_the_keeper_was_not_found_or_its_disk_was_hit() {
        found(1);
        lost.told(0, new RunEvent.Started(BOTH, 0));
        committed(0);
        lost.told(0, new RunEvent.Kept(1, List.of(KEEPER)));
        // A new coordinator that has not heard of the keeper.
        lost.sent(0, new Envelope(LEADER, KEEPER, new MemberMessage.TakeOver(new Epoch(2, 0))));
        lost.told(0, new RunEvent.RolledBack(1, 0, "a stage is lost"));
        committed(0);
        found(3);
        lost.told(0, new RunEvent.Kept(1, List.of(KEEPER)));
        lost.diskHit(KEEPER.peer());
        stageLost();
        lost.told(0, new RunEvent.RolledBack(1, 0, "a stage is lost"));
        assertSound(lost);
    }

    @Test
    void a_keeper_that_comes_back_is_asked_for_what_its_last_life_kept() {
        found(1);
        lost.told(0, new RunEvent.Started(BOTH, 0));
        committed(0);
        lost.told(0, new RunEvent.Kept(1, List.of(KEEPER)));
        lost.ended(0, KEEPER);
        Member back = Member.of("k:keeper", 2);
        lost.delivered(
                0,
                new Envelope(
                        back,
                        LEADER,
                        new CoordinatorMessage.Promised(new Epoch(1, 0), new Standing.OfKeeper(List.of()))));
        lost.told(0, new RunEvent.RolledBack(1, 0, "a stage is lost"));
        assertFound(lost, "though k:keeper#2 keeps a checkpoint of version 1");
    }

    // ---- progress -----------------------------------------------------------------------------------------------

    private final Progress progress = new Progress(Duration.ofSeconds(60));

    private void progressed(long seconds) {
        progress.told(seconds * 1_000_000_000, new RunEvent.StepCommitted(1, 0, 1, 2, 0, 2, BOTH));
    }

    @Test
    void progress_within_the_bound_is_sound_and_before_healing_nothing_is_asked() {
        progressed(500);
        progress.healed(600_000_000_000L);
        progressed(659);
        progress.told(700_000_000_000L, new RunEvent.Finished(2, new TreeMap<>(), false));
        progress.over(5_000_000_000_000L);
        assertSound(progress);
    }

    @Test
    void a_standstill_after_healing_is_found() {
        progress.healed(600_000_000_000L);
        progressed(661);
        assertFound(progress, "no step was committed for 61000 ms after 600000 ms");
    }

    @Test
    void a_run_that_never_ends_is_found() {
        progress.healed(600_000_000_000L);
        progressed(601);
        progress.over(700_000_000_000L);
        assertFound(progress, "no step was committed for 99000 ms");
    }

    @Test
    void a_run_that_stands_still_and_is_not_to_be_healed_is_found() {
        progressed(500);
        progress.stoodStill(1_100_000_000_000L, Duration.ofMinutes(10));
        progress.over(1_100_000_000_000L);
        assertFound(progress, "no step for 10 minutes");
    }

    @Test
    void a_run_that_fails_is_found() {
        progress.told(1, new RunEvent.Failed("out of steam"));
        assertFound(progress, "the run failed: out of steam");
    }

    // ---- bounds -------------------------------------------------------------------------------------------------

    @Test
    void a_queue_beyond_its_limit_is_found_and_a_full_one_is_not() {
        Bounded bounded = new Bounded();
        assertThat(bounded.looked()).isFalse();
        bounded.sampled(0, List.of(new Level("frames waiting", 64, 64)));
        assertThat(bounded.looked()).isTrue();
        assertSound(bounded);
        bounded.sampled(1, List.of(new Level("frames waiting", 65, 64)));
        assertFound(bounded, "frames waiting: 65, at most 64 are allowed");
    }
}
