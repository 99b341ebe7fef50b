package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.Standing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One stage, one shard, one trainer: message by message. */
final class SmallRunTest {

    private static final Member SHARD = Member.of("shard", 1);
    private static final Member TRAINER = Member.of("trainer", 1);
    private static final Member NEWCOMER = Member.of("newcomer", 1);

    private final RunPlan plan = RunModel.plan(1, 1, 1, 50, 0);
    private final RunState state = new RunState(plan, Member.of("coordinator", 1), 1, 0);
    private final List<RunState.Effect> effects = new ArrayList<>();
    private long now;

    private void does(List<RunState.Effect> done) {
        effects.addAll(done);
    }

    private void says(Member from, CoordinatorMessage message) {
        does(state.message(from, message, now));
    }

    private void comes(Member member, Role role, Standing standing) {
        does(state.member(new Membership.Joined(member, role), now));
        says(member, new CoordinatorMessage.Promised(epoch(), standing));
    }

    private Epoch epoch() {
        return state.roster().epoch();
    }

    private <M extends ControlMessage> List<M> sent(Class<M> kind, Member to) {
        return effects.stream()
                .filter(effect ->
                        effect instanceof RunState.Send send && send.to().equals(to))
                .map(effect -> ((RunState.Send) effect).message())
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }

    private boolean told(Class<? extends RunEvent> kind) {
        return effects.stream()
                .anyMatch(effect -> effect instanceof RunState.Tell tell && kind.isInstance(tell.event()));
    }

    @BeforeEach
    void begin() {
        comes(SHARD, Role.SHARD, Standing.OfShard.FRESH);
        comes(TRAINER, Role.TRAINER, Standing.OfTrainer.FRESH);
        says(SHARD, new CoordinatorMessage.Enlisted(epoch(), 0, 0, "0@0"));
        assertThat(state.phase()).isEqualTo(RunState.Phase.TRAINING);
    }

    private void trainerFinishes(long step) {
        TreeMap<Integer, Double> losses = new TreeMap<>();
        IntStream.range(0, plan.microbatches()).forEach(index -> losses.put(index, 1.0));
        says(TRAINER, new CoordinatorMessage.TrainerFinished(epoch(), Purpose.TRAIN, step, losses));
        assertThat(state.phase()).isEqualTo(RunState.Phase.CLOSING);
    }

    private void step(long step) {
        trainerFinishes(step);
        List<Integer> all = IntStream.range(0, plan.microbatches()).boxed().toList();
        long closing = sent(ShardMessage.CloseStep.class, SHARD).getLast().closing();
        says(SHARD, new CoordinatorMessage.Tally(epoch(), step, closing, all));
        long round = sent(ShardMessage.Average.class, SHARD).getLast().round();
        says(SHARD, new CoordinatorMessage.Averaged(epoch(), step, round, "average", 1));
        says(SHARD, new CoordinatorMessage.Applied(epoch(), step, "0@" + (step + 1)));
    }

    private void evaluates(long version) {
        assertThat(state.phase()).isEqualTo(RunState.Phase.EVALUATING);
        TreeMap<Integer, Double> losses = new TreeMap<>();
        IntStream.range(0, plan.evaluationMicrobatches()).forEach(index -> losses.put(index, 1.0));
        says(TRAINER, new CoordinatorMessage.TrainerFinished(epoch(), Purpose.EVALUATE, version, losses));
    }

    @Test
    void a_step_that_takes_an_hour_costs_hardly_more_messages_than_one_that_takes_a_minute() {
        effects.clear();
        int hour = 3600;
        for (int second = 1; second <= hour; second++) {
            now = Duration.ofSeconds(second).toNanos();
            does(state.tick(now));
        }
        int most = AskAgain.MAX_DOUBLINGS + (hour >> AskAgain.MAX_DOUBLINGS);
        assertThat(sent(ControlMessage.class, SHARD)).hasSizeBetween(2, most);
        assertThat(sent(ControlMessage.class, TRAINER)).hasSizeBetween(2, most);
    }

    @Test
    void while_a_step_is_closed_only_who_has_not_answered_is_asked_again() {
        trainerFinishes(0);
        effects.clear();
        now = Duration.ofSeconds(1).toNanos();
        does(state.tick(now));
        assertThat(sent(MemberMessage.OpenStep.class, SHARD)).hasSize(1);
        assertThat(sent(ShardMessage.CloseStep.class, SHARD)).hasSize(1);
        assertThat(sent(ControlMessage.class, TRAINER)).isEmpty();
    }

    @Test
    void who_can_be_reached_again_is_told_at_once() {
        now = Duration.ofSeconds(40).toNanos();
        IntStream.rangeClosed(1, 40)
                .forEach(second -> does(state.tick(Duration.ofSeconds(second).toNanos())));
        effects.clear();
        does(state.member(new Membership.Reachable(SHARD), now));
        now += plan.controlRetry().toNanos();
        does(state.tick(now));
        assertThat(sent(MemberMessage.OpenStep.class, SHARD)).hasSize(1);
    }

    @Test
    void a_joiner_that_has_caught_up_takes_the_place_of_the_last_replica_in_the_middle_of_a_step() {
        comes(NEWCOMER, Role.SHARD, Standing.OfShard.FRESH);
        step(0);
        assertThat(sent(ShardMessage.Enlist.class, NEWCOMER).getLast().version())
                .isEqualTo(1);
        says(NEWCOMER, new CoordinatorMessage.Enlisted(epoch(), 0, 1, "0@1"));
        trainerFinishes(1);
        does(state.member(new Membership.Removed(SHARD, "killed"), now));
        assertThat(state.phase()).isEqualTo(RunState.Phase.CLOSING);
        assertThat(told(RunEvent.Joined.class)).isTrue();
        assertThat(sent(MemberMessage.OpenStep.class, NEWCOMER).getLast().step())
                .isEqualTo(1);
        assertThat(sent(ShardMessage.CloseStep.class, NEWCOMER)).hasSize(1);
        assertThat(told(RunEvent.RolledBack.class)).isFalse();
    }

    @Test
    void a_joiner_that_has_not_does_not() {
        comes(NEWCOMER, Role.SHARD, Standing.OfShard.FRESH);
        step(0);
        does(state.member(new Membership.Removed(SHARD, "killed"), now));
        assertThat(state.phase()).isEqualTo(RunState.Phase.TAKING_OVER);
        assertThat(sent(MemberMessage.StartOver.class, NEWCOMER)).hasSize(1);
    }

    @Test
    void who_wants_to_go_stays_while_the_others_may_not_know_that_they_were_let_in_or_cannot_be_reached() {
        Desk desk = new Desk(plan, Member.of("coordinator", 1), 1, 0);
        List<Member> both = List.of(NEWCOMER, SHARD);
        both.forEach(member -> desk.promises.joined(member, Role.SHARD));
        desk.roster = new Roster(epoch(), List.of(both), List.of());
        desk.proven = new Roster(epoch(), List.of(List.of(SHARD)), List.of());
        Departures departures = new Departures(desk);
        departures.asked(SHARD);
        departures.atBoundary();
        assertThat(desk.roster.stage(0)).isEqualTo(both);
        desk.proven = desk.roster;
        desk.promises.unreachable(NEWCOMER);
        departures.atBoundary();
        assertThat(desk.roster.stage(0)).isEqualTo(both);
        desk.promises.reachable(NEWCOMER);
        departures.atBoundary();
        assertThat(desk.roster.stage(0)).containsExactly(NEWCOMER);
    }

    @Test
    void a_paused_run_stands_still_at_the_next_boundary_until_it_is_told_to_go_on() {
        does(state.pause(now));
        step(0);
        assertThat(state.phase()).isEqualTo(RunState.Phase.PAUSED);
        assertThat(told(RunEvent.Paused.class)).isTrue();
        for (int second = 1; second <= 600; second++) {
            now = Duration.ofSeconds(second).toNanos();
            does(state.tick(now));
        }
        assertThat(sent(MemberMessage.OpenStep.class, TRAINER))
                .noneMatch(open -> open.step() == 1 && open.purpose() == Purpose.TRAIN);
        assertThat(effects.stream().filter(effect -> effect instanceof RunState.Tell(RunEvent.Paused paused)))
                .hasSize(1);
        does(state.resume(now));
        assertThat(told(RunEvent.Resumed.class)).isTrue();
        assertThat(sent(MemberMessage.OpenStep.class, TRAINER).getLast().step()).isEqualTo(1);
        assertThat(state.phase()).isEqualTo(RunState.Phase.TRAINING);
    }

    @Test
    void newcomers_are_let_in_while_the_run_is_paused() {
        does(state.pause(now));
        step(0);
        comes(NEWCOMER, Role.SHARD, Standing.OfShard.FRESH);
        now += plan.controlRetry().toNanos();
        does(state.tick(now));
        says(NEWCOMER, new CoordinatorMessage.Enlisted(epoch(), 0, 1, "0@1"));
        assertThat(state.roster().stage(0)).containsExactly(NEWCOMER, SHARD);
        assertThat(state.phase()).isEqualTo(RunState.Phase.PAUSED);
    }

    @Test
    void a_checkpoint_that_is_asked_for_is_kept_at_the_next_boundary_or_it_is_said_why_not() {
        does(state.checkpoint(now));
        step(0);
        assertThat(effects)
                .contains(new RunState.Tell(new RunEvent.NotKept(1, "no node that keeps checkpoints is there")));
        Member keeper = Member.of("keeper", 1);
        comes(keeper, Role.KEEPER, new Standing.OfKeeper(List.of()));
        does(state.pause(now));
        step(1);
        evaluates(2);
        does(state.checkpoint(now));
        assertThat(sent(KeeperMessage.Keep.class, keeper).getLast().version()).isEqualTo(2);
        says(keeper, new CoordinatorMessage.Kept(2));
        assertThat(effects).contains(new RunState.Tell(new RunEvent.Kept(2, List.of(keeper))));
        assertThat(state.phase()).isEqualTo(RunState.Phase.PAUSED);
    }
}
