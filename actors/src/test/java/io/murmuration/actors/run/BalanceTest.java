package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.rebalance.RebalanceSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three shards in stage 0, one in stage 1, all of them equally fast. */
final class BalanceTest {

    private static final Duration PERIOD = Duration.ofSeconds(10);
    private static final Epoch EPOCH = new Epoch(1, 1);
    private static final List<Member> THREE =
            List.of(Member.of("shard0", 1), Member.of("shard1", 1), Member.of("shard2", 1));
    private static final Member ALONE = Member.of("shard3", 1);

    private final RunPlan plan = RunModel.plan(2, 2, 1, 99)
            .rebalancing(Optional.of(
                    new RebalanceSettings(PERIOD, 0.97, 2, 1, Duration.ZERO, Duration.ZERO, Duration.ZERO)));
    private final Desk desk = new Desk(plan, Member.of("coordinator", 1), 1, 0);
    private final Balance balance = desk.balance;

    @BeforeEach
    void run() {
        THREE.forEach(member -> desk.members.adopt(member, 0, "0@0"));
        desk.members.adopt(ALONE, 1, "1@0");
        desk.roster = desk.members.roster(EPOCH);
        desk.proven = desk.roster;
        THREE.forEach(member -> desk.promises.joined(member, Role.SHARD));
        desk.promises.joined(ALONE, Role.SHARD);
    }

    private void load(Member member, double rate) {
        balance.load(member, new CoordinatorMessage.Load(desk.epoch(), 0, rate));
    }

    private void decide() {
        THREE.forEach(member -> load(member, 5));
        load(ALONE, 5);
        balance.look();
        desk.now = PERIOD.toNanos();
        balance.look();
        assertThat(balance.waitForBoundary()).isTrue();
    }

    private List<RunEvent> boundary() {
        balance.atBoundary();
        return told();
    }

    private List<RunEvent> told() {
        return desk.take().stream()
                .filter(RunState.Tell.class::isInstance)
                .map(effect -> ((RunState.Tell) effect).event())
                .toList();
    }

    private Member comesBack(Member mover) {
        desk.gone(mover);
        Member next = new Member(mover.peer(), mover.incarnation() + 1);
        desk.promises.joined(next, Role.SHARD);
        desk.members.joiner(next);
        return next;
    }

    @Test
    void a_shard_leaves_at_the_boundary_and_its_next_life_joins_where_it_was_sent() {
        decide();
        balance.atBoundary();
        Member mover = THREE.getFirst();
        assertThat(desk.take())
                .contains(
                        new RunState.Tell(new RunEvent.Moving(mover, 0, 1, 0)),
                        new RunState.Send(
                                mover,
                                new MemberMessage.StartOver(desk.epoch(), false, "it moves from stage 0 to stage 1")));
        assertThat(desk.roster.stage(0)).containsExactly(THREE.get(1), THREE.get(2));
        Member next = comesBack(mover);
        assertThat(balance.stageFor(next)).isEqualTo(1);
        balance.arrived(next, 1);
        assertThat(told()).containsExactly(new RunEvent.Moved(next, 0, 1, 0));
    }

    @Test
    void nobody_goes_if_too_few_would_stay_who_can_be_reached() {
        decide();
        desk.promises.unreachable(THREE.getLast());
        assertThat(boundary())
                .containsExactly(
                        new RunEvent.MoveDropped(THREE.getFirst(), 0, 1, "stage 0 would keep 1 of at least 2 shards"));
        assertThat(desk.roster.shards()).isEqualTo(4);
    }

    @Test
    void who_wants_to_go_is_not_one_of_those_who_stay() {
        decide();
        desk.departures.asked(THREE.getLast());
        assertThat(boundary()).singleElement().isInstanceOf(RunEvent.MoveDropped.class);
    }

    @Test
    void a_move_is_dropped_if_the_stage_has_recovered_before_the_boundary() {
        decide();
        desk.members.adopt(Member.of("late", 1), 1, "1@0");
        assertThat(boundary()).singleElement().satisfies(event -> assertThat(((RunEvent.MoveDropped) event).reason())
                .contains("does without"));
    }

    @Test
    void a_mover_that_dies_again_or_never_comes_is_forgotten() {
        decide();
        boundary();
        desk.now += plan.gatherWait().toNanos();
        assertThat(boundary()).singleElement().satisfies(event -> assertThat(((RunEvent.MoveDropped) event).reason())
                .contains("has not come back"));
    }

    @Test
    void a_joiner_goes_to_the_stage_that_can_do_least() {
        desk.members.adopt(Member.of("shard4", 1), 1, "1@0");
        desk.roster = desk.members.roster(EPOCH);
        Member joiner = Member.of("late", 1);
        desk.members.joiner(joiner);
        assertThat(balance.stageFor(joiner))
                .as("the fewest, while nothing is known")
                .isEqualTo(1);
        THREE.forEach(member -> load(member, 1));
        load(ALONE, 5);
        assertThat(balance.stageFor(joiner)).isZero();
    }

    @Test
    void loads_that_cannot_be_or_are_of_another_term_or_of_strangers_are_ignored() {
        desk.members.adopt(Member.of("shard4", 1), 1, "1@0");
        desk.roster = desk.members.roster(EPOCH);
        Member joiner = Member.of("late", 1);
        desk.members.joiner(joiner);
        load(ALONE, Double.NaN);
        load(ALONE, Double.POSITIVE_INFINITY);
        load(ALONE, -1);
        balance.load(ALONE, new CoordinatorMessage.Load(new Epoch(2, 0), 0, 1e6));
        balance.load(ALONE, new CoordinatorMessage.Load(EPOCH, -1, 1e6));
        load(joiner, 1e6);
        assertThat(balance.stageFor(joiner))
                .as("by number, as nothing is known")
                .isEqualTo(1);
    }
}
