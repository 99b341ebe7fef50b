package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.ShardMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Two stages with three replicas each, at version 0, unless a test says otherwise. */
final class JoinsTest {

    private static final Epoch EPOCH = new Epoch(1, 1);
    private static final Member KEEPER = Member.of("keeper", 1);
    private static final Member LATE = Member.of("late", 1);
    private static final int ATTEMPTS = 3;
    private static final int LAG = 5;

    private final RunPlan plan = new RunPlan(
            2,
            3,
            1,
            0,
            99,
            4,
            0,
            0,
            0,
            Duration.ofSeconds(1),
            Duration.ofSeconds(20),
            new RunPlan.Joins(ATTEMPTS, 2, LAG),
            1,
            1,
            Duration.ofSeconds(60),
            0,
            Duration.ofSeconds(15),
            List.of());
    private final Desk desk = new Desk(plan, Member.of("coordinator", 1), 1, 0);
    private final Members members = desk.members;
    private final Joins joins = desk.joins;
    private final List<RunState.Effect> effects = new ArrayList<>();

    private void run(int shards) {
        for (int shard = 0; shard < shards; shard++) {
            Member member = Member.of("shard" + shard, 1);
            int stage = members.assign(member);
            members.enlisted(member, digest(stage, 0));
        }
        desk.roster = members.roster(EPOCH);
        settled(0);
    }

    private static String digest(int stage, long version) {
        return stage + "@" + version;
    }

    private void settled(long version) {
        SortedMap<Integer, String> digests = new TreeMap<>();
        digests.put(0, digest(0, version));
        digests.put(1, digest(1, version));
        joins.settled(version, digests);
    }

    private void begin() {
        joins.begin(false);
        effects.clear();
        effects.addAll(desk.take());
    }

    private void take() {
        effects.clear();
        effects.addAll(desk.take());
    }

    private void commit(long step) {
        for (int stage = 0; stage < 2; stage++) {
            var round = new ShardMessage.Average(EPOCH, step, 1, desk.roster.stage(stage), List.of(), List.of());
            joins.committed(stage, step, round, 1.0);
        }
        settled(step + 1);
    }

    private <M> List<M> sent(Class<M> kind, Member to) {
        return effects.stream()
                .filter(effect ->
                        effect instanceof RunState.Send send && send.to().equals(to))
                .map(effect -> ((RunState.Send) effect).message())
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }

    private <E extends RunEvent> List<E> told(Class<E> kind) {
        return effects.stream()
                .filter(RunState.Tell.class::isInstance)
                .map(effect -> ((RunState.Tell) effect).event())
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }

    private ShardMessage.Enlist enlist(Member joiner) {
        List<ShardMessage.Enlist> orders = sent(ShardMessage.Enlist.class, joiner);
        assertThat(orders).hasSize(1);
        return orders.getFirst();
    }

    private static CoordinatorMessage.JoinFailed failure(long version, boolean donorsLacking) {
        return new CoordinatorMessage.JoinFailed(EPOCH, version, donorsLacking, "as the test has it");
    }

    @Test
    void a_flash_crowd_is_spread_over_the_stages_and_shares_one_copy_of_each() {
        run(4);
        List<Member> crowd =
                IntStream.range(0, 8).mapToObj(i -> Member.of("new" + i, 1)).toList();
        crowd.forEach(members::joiner);
        begin();
        assertThat(crowd).extracting(member -> enlist(member).stage()).containsExactly(0, 1, 0, 1, 0, 1, 0, 1);
        for (int stage = 0; stage < 2; stage++) {
            for (Member donor : desk.roster.stage(stage)) {
                List<ShardMessage.Pin> pins = sent(ShardMessage.Pin.class, donor);
                assertThat(pins).extracting(ShardMessage.Pin::version).containsOnly(0L);
                assertThat(pins.getLast().receivers()).hasSize(4);
            }
        }
        assertThat(joins.holds()).as("nobody waits for them").isFalse();
        assertThat(joins.listeners()).allSatisfy(stage -> assertThat(stage).hasSize(4));
        crowd.forEach(member -> joins.reported(member, 0, digest(enlist(member).stage(), 0)));
        assertThat(joins.admit()).containsExactlyElementsOf(crowd);
        assertThat(joins.busy()).isFalse();
    }

    @Test
    void while_an_earlier_version_is_pinned_later_comers_wait_for_it_to_be_free() {
        run(6);
        members.joiner(LATE);
        begin();
        Member later = Member.of("later", 1);
        Member same = Member.of("same", 1);
        commit(0);
        members.joiner(later);
        members.joiner(same);
        begin();
        assertThat(sent(ShardMessage.Enlist.class, later))
                .as("the other stage is free")
                .hasSize(1);
        assertThat(sent(ShardMessage.Enlist.class, same)).isEmpty();
        assertThat(joins.busy()).isTrue();
        joins.reported(LATE, 0, digest(0, 0));
        begin();
        assertThat(enlist(same).version()).isEqualTo(1);
    }

    @Test
    void a_joiner_is_admitted_when_it_has_applied_what_its_stage_has_and_its_digest_agrees() {
        run(6);
        members.joiner(LATE);
        begin();
        commit(0);
        take();
        assertThat(sent(ShardMessage.Follow.class, LATE))
                .extracting(ShardMessage.Follow::step)
                .containsExactly(0L);
        joins.reported(LATE, 0, digest(0, 0));
        assertThat(joins.admit()).isEmpty();
        assertThat(joins.holds()).as("it has one step to apply").isTrue();
        joins.endGrace();
        assertThat(joins.holds()).as("but not for long").isFalse();
        commit(1);
        desk.now = Duration.ofSeconds(2).toNanos();
        joins.askAgain();
        take();
        assertThat(sent(ShardMessage.Follow.class, LATE))
                .extracting(ShardMessage.Follow::step)
                .as("told when it is committed, and all of it again")
                .containsExactly(1L, 0L, 1L);
        joins.reported(LATE, 2, digest(0, 2));
        assertThat(joins.admit()).containsExactly(LATE);
        take();
        assertThat(told(RunEvent.Joined.class)).containsExactly(new RunEvent.Joined(LATE, 2));
        assertThat(members.roster(EPOCH).stage(0)).contains(LATE);
    }

    @Test
    void what_it_holds_may_be_said_before_the_stage_has_settled() {
        run(6);
        members.joiner(LATE);
        begin();
        joins.reported(LATE, 1, digest(0, 1));
        assertThat(joins.admit()).isEmpty();
        settled(1);
        assertThat(joins.admit()).containsExactly(LATE);
    }

    @Test
    void with_another_digest_it_starts_over_and_after_enough_attempts_a_boundary_is_held_and_then_it_is_rejected() {
        run(6);
        members.joiner(LATE);
        for (int version = 0; version < ATTEMPTS; version++) {
            begin();
            assertThat(enlist(LATE).version()).isEqualTo(version);
            assertThat(joins.holds()).isFalse();
            joins.reported(LATE, version, "something else");
            assertThat(joins.admit()).isEmpty();
            take();
            assertThat(told(RunEvent.JoinFailed.class)).hasSize(1);
            joins.begin(false);
            assertThat(desk.take()).as("one attempt per boundary").isEmpty();
            commit(version);
        }
        begin();
        assertThat(joins.holds()).as("the last resort").isTrue();
        joins.endHold();
        take();
        assertThat(told(RunEvent.Rejected.class)).hasSize(1);
        assertThat(joins.holds()).isFalse();
        commit(ATTEMPTS);
        begin();
        assertThat(effects).as("it stays out").isEmpty();
    }

    @Test
    void the_boundary_is_held_for_the_joiner_of_a_stage_with_one_replica_and_only_once() {
        run(2);
        members.joiner(LATE);
        begin();
        assertThat(joins.holds()).isTrue();
        joins.endHold();
        assertThat(joins.holds()).isFalse();
        assertThat(told(RunEvent.Rejected.class)).isEmpty();
        joins.reported(LATE, 0, digest(0, 0));
        assertThat(joins.admit()).as("it goes on").containsExactly(LATE);
    }

    @Test
    void where_only_donors_are_lacking_it_goes_on_with_others_and_that_is_no_failure() {
        run(6);
        members.joiner(LATE);
        begin();
        List<Member> first = enlist(LATE).donors();
        assertThat(first).hasSize(2);
        joins.failed(LATE, failure(0, true));
        take();
        assertThat(enlist(LATE).version()).isZero();
        assertThat(enlist(LATE).donors()).hasSize(1).doesNotContainAnyElementsOf(first);
        assertThat(members.failures(LATE)).isZero();
        joins.failed(LATE, failure(0, true));
        assertThat(members.failures(LATE)).as("nobody else has it").isEqualTo(1);
    }

    @Test
    void a_keeper_that_has_the_version_serves_it_unless_it_is_damaged() {
        run(6);
        desk.checkpoints.keeper(KEEPER, List.of(0L));
        for (boolean damaged : new boolean[] {false, true}) {
            Member joiner = Member.of("joiner", damaged ? 2 : 1);
            members.joiner(joiner);
            settled(0);
            begin();
            settled(1);
            if (damaged) {
                desk.checkpoints.lacks(KEEPER, 0);
            }
            joins.failed(joiner, failure(0, true));
            take();
            assertThat(sent(ShardMessage.Enlist.class, joiner)).hasSize(damaged ? 0 : 1);
            if (!damaged) {
                assertThat(enlist(joiner).donors()).containsExactly(KEEPER);
                joins.gone(joiner);
                members.removed(joiner);
            }
        }
    }

    @Test
    void a_donor_is_distrusted_by_who_was_served_wrong_and_by_nobody_else() {
        run(6);
        members.joiner(LATE);
        begin();
        Member bad = enlist(LATE).donors().getFirst();
        for (int copy = 0; copy < 2; copy++) {
            joins.badDonor(LATE, new CoordinatorMessage.BadDonor(EPOCH, 0, bad, "wrong bytes"));
        }
        joins.failed(LATE, failure(0, false));
        take();
        assertThat(told(RunEvent.BadDonor.class)).hasSize(1);
        settled(1);
        begin();
        assertThat(enlist(LATE).donors()).hasSize(2).doesNotContain(bad);
        joins.gone(LATE);
        members.removed(LATE);
        Member other = Member.of("another", 1);
        boolean asked = false;
        for (int version = 2; version < 7; version++) {
            settled(version);
            members.joiner(other);
            begin();
            asked |= enlist(other).donors().contains(bad);
            joins.gone(other);
            members.removed(other);
        }
        assertThat(asked).isTrue();
    }

    @Test
    void with_nobody_left_to_believe_it_asks_all_again_and_is_never_told_to_build_the_version_itself() {
        run(6);
        members.joiner(LATE);
        begin();
        desk.roster
                .stage(0)
                .forEach(donor ->
                        joins.badDonor(LATE, new CoordinatorMessage.BadDonor(EPOCH, 0, donor, "as the test has it")));
        joins.failed(LATE, failure(0, true));
        settled(1);
        begin();
        assertThat(enlist(LATE).donors()).hasSize(2);
    }

    @Test
    void who_takes_long_is_asked_again_after_ever_longer_pauses() {
        run(6);
        members.joiner(LATE);
        begin();
        int asked = 0;
        for (int second = 1; second <= 600; second++) {
            desk.now = Duration.ofSeconds(second).toNanos();
            joins.askAgain();
            take();
            asked += sent(ShardMessage.Enlist.class, LATE).size();
        }
        assertThat(asked).as("6 times in the first 63 s, then every 64 s").isEqualTo(14);
    }

    @Test
    void who_is_too_far_behind_takes_a_newer_snapshot() {
        run(6);
        members.joiner(LATE);
        begin();
        joins.reported(LATE, 0, digest(0, 0));
        for (int step = 0; step < LAG; step++) {
            commit(step);
        }
        take();
        assertThat(told(RunEvent.JoinFailed.class)).isEmpty();
        commit(LAG);
        take();
        assertThat(told(RunEvent.JoinFailed.class)).hasSize(1);
        assertThat(joins.listeners()).allSatisfy(stage -> assertThat(stage).isEmpty());
        begin();
        assertThat(enlist(LATE).version()).isEqualTo(LAG + 1);
    }

    @Test
    void who_is_gone_leaves_nothing_behind() {
        run(6);
        members.joiner(LATE);
        begin();
        commit(0);
        joins.gone(LATE);
        members.removed(LATE);
        commit(1);
        assertThat(joins.busy()).isFalse();
        assertThat(joins.holds()).isFalse();
        take();
        assertThat(sent(ShardMessage.Follow.class, LATE))
                .extracting(ShardMessage.Follow::step)
                .containsExactly(0L);
    }
}
