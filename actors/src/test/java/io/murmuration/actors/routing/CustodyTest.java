package io.murmuration.actors.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class CustodyTest {

    private static final long RETRY = 10;
    private static final long DEADLINE = 100;
    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);

    private static MicrobatchId id(int index) {
        return new MicrobatchId(Purpose.TRAIN, 3, index);
    }

    private static Custody custody(int credits, long seed) {
        return new Custody(
                new StageRouter(new SplittableRandom(seed), 20),
                new AdaptiveDeadline(new AdaptiveDeadline.Settings(DEADLINE, DEADLINE, 1)),
                credits,
                RETRY);
    }

    private static Custody custody(int credits, Member... members) {
        Custody custody = custody(credits, 1);
        custody.members(List.of(members));
        return custody;
    }

    /** A next stage whose first member always stays, and a test that knows what is under way. */
    private static final class World {
        private final SplittableRandom random;
        private final int credits;
        private final Custody custody;
        private final List<Member> members = new ArrayList<>();
        private final Map<MicrobatchId, Map<Member, Custody.Dispatch>> live = new TreeMap<>();
        private final Map<MicrobatchId, Integer> firstAnswers = new TreeMap<>();
        private final Map<MicrobatchId, Integer> highestAttempt = new TreeMap<>();
        private final List<Custody.Dispatch> accepted = new ArrayList<>();
        private int lives;
        private int held;
        private long now;

        private World(long seed, int credits) {
            this.random = new SplittableRandom(seed);
            this.credits = credits;
            this.custody = custody(credits, seed);
            members.add(Member.of("stays", 1));
            members.add(Member.of("x", 1));
            custody.members(members);
        }

        private void act() {
            switch (random.nextInt(8)) {
                case 0 -> {
                    if (held < 12) {
                        custody.hold(id(held), random.nextInt(4) == 0);
                        live.put(id(held), new TreeMap<>());
                        held++;
                    }
                }
                case 1, 2 -> dispatch(random.nextInt(3));
                case 3, 4 -> {
                    if (!accepted.isEmpty()) {
                        answer(accepted.remove(random.nextInt(accepted.size())));
                    }
                }
                case 5 -> {
                    now += random.nextInt(60);
                    custody.expire(now);
                }
                case 6 -> {
                    if (members.size() > 1 && random.nextBoolean()) {
                        members.remove(1 + random.nextInt(members.size() - 1));
                    } else if (members.size() < 4) {
                        members.add(Member.of("late" + lives++, 1));
                    }
                    custody.members(members);
                    live.values().forEach(attempts -> attempts.keySet().retainAll(members));
                }
                default -> custody.hint(id(random.nextInt(12)), members.get(random.nextInt(members.size())));
            }
            for (Member member : members) {
                assertThat(custody.outstanding(member)).isBetween(0, credits + 1);
            }
        }

        /** @param fate 0: some are refused, 1: some fail, else all accepted */
        private void dispatch(int fate) {
            for (Custody.Dispatch dispatch : custody.dispatch(now)) {
                assertThat(members).contains(dispatch.to());
                assertThat(dispatch.attempt())
                        .as("attempts are numbered upwards")
                        .isGreaterThan(highestAttempt.getOrDefault(dispatch.id(), 0));
                highestAttempt.put(dispatch.id(), dispatch.attempt());
                live.get(dispatch.id()).put(dispatch.to(), dispatch);
                assertThat(custody.outstanding(dispatch.to())).isLessThanOrEqualTo(credits + 1);
                if (fate == 0 && random.nextBoolean()) {
                    custody.refused(dispatch, Refusal.Reason.NO_CREDIT, now);
                    live.get(dispatch.id()).remove(dispatch.to(), dispatch);
                } else if (fate == 1 && random.nextBoolean()) {
                    custody.failed(dispatch, now);
                    live.get(dispatch.id()).remove(dispatch.to(), dispatch);
                    if (random.nextBoolean()) {
                        // It is not known whether a failed offer arrived: it may be answered all the same.
                        accepted.add(dispatch);
                    }
                } else {
                    accepted.add(dispatch);
                }
            }
        }

        private void answer(Custody.Dispatch dispatch) {
            List<Custody.Dispatch> losers =
                    new ArrayList<>(live.get(dispatch.id()).values());
            losers.removeIf(loser -> loser.to().equals(dispatch.to()));
            Custody.Answer answer = custody.answered(dispatch.id(), dispatch.attempt(), dispatch.to(), now);
            if (answer.first()) {
                firstAnswers.merge(dispatch.id(), 1, Integer::sum);
                assertThat(answer.cancel()).containsExactlyInAnyOrderElementsOf(losers);
                live.get(dispatch.id()).clear();
            } else {
                assertThat(answer.cancel()).isEmpty();
            }
        }

        /** From now on only the first member works; the others take everything and never answer. */
        private void settle() {
            for (int round = 0; round < 400 && !custody.unanswered().isEmpty(); round++) {
                accepted.removeIf(dispatch -> !dispatch.to().equals(members.getFirst()));
                dispatch(2);
                accepted.removeIf(dispatch -> !dispatch.to().equals(members.getFirst()));
                if (accepted.isEmpty()) {
                    long wake = custody.wake(now).orElseThrow();
                    assertThat(wake).isLessThanOrEqualTo(DEADLINE);
                    now += Math.max(wake, 1);
                    custody.expire(now);
                } else {
                    answer(accepted.removeFirst());
                }
            }
        }
    }

    @Property(tries = 500)
    void whatever_happens_every_microbatch_gets_exactly_one_first_answer(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int credits) {
        World world = new World(seed, credits);
        for (int action = 0; action < 300; action++) {
            world.act();
        }
        world.settle();
        assertThat(world.custody.unanswered()).as(world.custody.toString()).isEmpty();
        assertThat(world.firstAnswers).hasSize(world.held);
        assertThat(world.firstAnswers.values()).containsOnly(1);
        for (Member member : world.members) {
            assertThat(world.custody.outstanding(member)).isZero();
        }
    }

    @Test
    void a_replica_gets_no_more_first_attempts_than_its_credits() {
        Custody custody = custody(2, A, B);
        for (int index = 0; index < 6; index++) {
            custody.hold(id(index), false);
        }
        assertThat(custody.dispatch(0)).hasSize(4);
        custody.hold(id(0), false);
        custody.hold(id(9), true);
        assertThat(custody.dispatch(0))
                .as("one more, for a re-send, which goes first")
                .extracting(Custody.Dispatch::id)
                .containsExactly(id(9));
    }

    @Test
    void what_a_replica_had_that_left_is_sent_again_and_only_that() {
        Custody custody = custody(2, A, B);
        for (int index = 0; index < 4; index++) {
            custody.hold(id(index), false);
        }
        List<MicrobatchId> atA = custody.dispatch(0).stream()
                .filter(dispatch -> dispatch.to().equals(A))
                .map(Custody.Dispatch::id)
                .toList();
        custody.members(List.of(B, Member.of("a", 2)));
        assertThat(custody.dispatch(1)).extracting(Custody.Dispatch::id).containsExactlyElementsOf(atA);
    }

    @Test
    void a_missed_deadline_sends_to_another_replica_and_the_first_answer_wins() {
        Custody custody = custody(1, A, B);
        custody.hold(id(0), false);
        Custody.Dispatch first = custody.dispatch(0).getFirst();
        custody.expire(DEADLINE - 1);
        assertThat(custody.dispatch(DEADLINE - 1)).isEmpty();
        custody.expire(DEADLINE);
        Custody.Dispatch second = custody.dispatch(DEADLINE).getFirst();
        assertThat(second.to()).isNotEqualTo(first.to());
        assertThat(custody.missedDeadlines()).isEqualTo(1);
        Custody.Answer answer = custody.answered(id(0), first.attempt(), first.to(), DEADLINE + 1);
        assertThat(answer.first()).isTrue();
        assertThat(answer.cancel()).containsExactly(second);
        assertThat(custody.answered(id(0), second.attempt(), second.to(), DEADLINE + 2)
                        .first())
                .isFalse();
    }

    @Test
    void a_late_answer_to_an_earlier_order_is_no_answer_to_the_present_one() {
        Custody custody = custody(1, A);
        custody.hold(id(0), false);
        Custody.Dispatch before = custody.dispatch(0).getFirst();
        custody.restart(3);
        custody.hold(id(0), true);
        Custody.Dispatch after = custody.dispatch(0).getFirst();
        assertThat(after.attempt()).isGreaterThan(before.attempt());
        assertThat(custody.answered(id(0), before.attempt(), A, 1).first()).isFalse();
        custody.refused(before, Refusal.Reason.NOT_OPEN, 1);
        assertThat(custody.outstanding(A)).isEqualTo(1);
        assertThat(custody.answered(id(0), after.attempt(), A, 2).first()).isTrue();
    }

    @Test
    void a_refused_resend_wakes_its_sender_though_the_credits_are_used_up() {
        Custody custody = custody(1, A);
        custody.hold(id(0), false);
        custody.dispatch(0);
        custody.hold(id(1), true);
        Custody.Dispatch resend = custody.dispatch(0).getFirst();
        custody.refused(resend, Refusal.Reason.NO_CREDIT, 0);
        assertThat(custody.wake(0)).hasValue(RETRY);
        assertThat(custody.dispatch(RETRY)).hasSize(1);
    }

    @Test
    void when_all_answers_are_lost_and_all_credits_with_them_what_is_overdue_is_sent_again() {
        Custody custody = custody(1, A, B);
        for (int i = 0; i < 6; i++) {
            custody.hold(id(i), false);
        }
        long now = 0;
        custody.dispatch(now);
        // Every re-send is lost too, until each replica owes as many answers as it may.
        for (int round = 0; round < 5; round++) {
            now += DEADLINE;
            custody.expire(now);
            assertThat(custody.dispatch(now)).as("after %s", now).isNotEmpty();
            assertThat(custody.outstanding(A)).isLessThanOrEqualTo(2);
            assertThat(custody.outstanding(B)).isLessThanOrEqualTo(2);
            assertThat(custody.wake(now)).isPresent();
        }
    }

    @Test
    void a_hint_is_followed() {
        for (int seed = 0; seed < 10; seed++) {
            Custody custody = custody(1, seed);
            custody.members(List.of(A, B));
            custody.hint(id(0), B);
            custody.hold(id(0), false);
            assertThat(custody.dispatch(0)).extracting(Custody.Dispatch::to).containsExactly(B);
        }
    }

    @Test
    void an_adopted_attempt_is_not_sent_and_times_out_like_any_other() {
        Custody custody = custody(1, A, B);
        custody.adopt(id(0), A, 1, 0);
        assertThat(custody.dispatch(0)).isEmpty();
        assertThat(custody.outstanding(A)).isEqualTo(1);
        custody.expire(DEADLINE);
        assertThat(custody.dispatch(DEADLINE)).extracting(Custody.Dispatch::to).containsExactly(B);
    }

    @Test
    void what_is_dropped_is_to_be_cancelled_everywhere() {
        Custody custody = custody(1, A, B);
        custody.hold(id(0), false);
        List<Custody.Dispatch> sent = new ArrayList<>(custody.dispatch(0));
        custody.expire(DEADLINE);
        sent.addAll(custody.dispatch(DEADLINE));
        assertThat(custody.drop(id(0)))
                .containsExactlyInAnyOrderElementsOf(sent)
                .hasSize(2);
        assertThat(custody.drop(id(0))).isEmpty();
        assertThat(custody.outstanding(A) + custody.outstanding(B)).isZero();
        assertThat(custody.wake(0)).isEmpty();
    }

    @Test
    void what_an_unreachable_replica_has_goes_elsewhere_at_once_and_its_answer_still_counts() {
        Custody custody = custody(4, A, B);
        custody.hold(id(0), false);
        Member first = custody.dispatch(0).getFirst().to();
        Member other = first.equals(A) ? B : A;
        custody.unreachable(first);
        assertThat(custody.dispatch(1)).containsExactly(new Custody.Dispatch(id(0), 2, other));
        custody.hold(id(1), false);
        custody.hold(id(2), false);
        assertThat(custody.dispatch(2)).extracting(Custody.Dispatch::to).containsOnly(other);
        Custody.Answer answer = custody.answered(id(0), 1, first, 3);
        assertThat(answer.first()).isTrue();
        assertThat(answer.cancel()).containsExactly(new Custody.Dispatch(id(0), 2, other));
    }

    @Test
    void with_nobody_reachable_it_waits_until_somebody_is() {
        Custody custody = custody(4, A);
        custody.unreachable(A);
        custody.hold(id(0), false);
        assertThat(custody.dispatch(0)).isEmpty();
        custody.reachable(A);
        assertThat(custody.dispatch(RETRY)).extracting(Custody.Dispatch::to).containsExactly(A);
    }
}
