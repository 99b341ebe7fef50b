package io.murmuration.actors.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.actors.protocol.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

final class StageRouterTest {

    private static final long SECOND = 1_000_000_000L;
    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);
    private static final Member C = Member.of("c", 1);

    private long now;

    private static StageRouter router(Member... members) {
        StageRouter router = new StageRouter(new SplittableRandom(1), SECOND);
        router.members(List.of(members));
        return router;
    }

    /** One call after the other; each replica takes the time it takes. */
    private Map<Member, Integer> calls(StageRouter router, int count, Map<Member, Double> seconds) {
        Map<Member, Integer> calls = new TreeMap<>();
        for (int call = 0; call < count; call++) {
            Member member = router.pick(1, now, free -> true).orElseThrow();
            long started = now;
            now += (long) (seconds.get(member) * SECOND);
            router.succeeded(member, 1, started, now);
            calls.merge(member, 1, Integer::sum);
        }
        return calls;
    }

    @Property(tries = 100)
    void long_run_shares_are_proportional_to_rates(
            @ForAll @Size(min = 2, max = 5) List<@DoubleRange(min = 0.1, max = 2) Double> seconds) {
        List<Member> members = new ArrayList<>();
        Map<Member, Double> taking = new TreeMap<>();
        double rates = 0;
        for (int i = 0; i < seconds.size(); i++) {
            members.add(Member.of("m" + i, 1));
            taking.put(members.get(i), seconds.get(i));
            rates += 1 / seconds.get(i);
        }
        StageRouter router = router(members.toArray(Member[]::new));
        calls(router, 200, taking);
        Map<Member, Integer> calls = calls(router, 5000, taking);
        for (Member member : members) {
            double share = calls.get(member) / 5000.0;
            assertThat(share).isCloseTo(1 / taking.get(member) / rates, within(0.03));
        }
    }

    @Test
    void a_newcomer_is_tried_soon_and_not_flooded() {
        StageRouter router = router(A, B);
        Map<Member, Double> seconds = Map.of(A, 1.0, B, 1.0, C, 1.0);
        calls(router, 1000, seconds);
        router.members(List.of(A, B, C));
        assertThat(calls(router, 3, seconds)).containsKey(C);
        assertThat(calls(router, 30, seconds).get(C)).isBetween(8, 13);
    }

    @Test
    void who_comes_before_anybody_has_answered_is_not_charged_for_what_was_guessed_about_the_others() {
        StageRouter router = router(A, B);
        for (int call = 0; call < 8; call++) {
            assertThat(router.pick(1, now, free -> true)).isPresent();
        }
        router.members(List.of(A, B, C));
        Map<Member, Double> seconds = Map.of(A, 0.01, B, 0.01, C, 0.01);
        assertThat(calls(router, 60, seconds).get(C)).isBetween(18, 26);
    }

    @Test
    void a_failed_replica_is_left_out_for_the_ban_which_doubles_and_ends_with_a_success() {
        StageRouter router = router(A, B);
        router.failed(A, 0);
        for (int call = 0; call < 10; call++) {
            assertThat(router.pick(1, SECOND - 1, free -> true)).contains(B);
        }
        assertThat(router.pick(1, SECOND, free -> true)).contains(A);
        router.failed(A, SECOND);
        assertThat(router.pick(1, 3 * SECOND - 1, member -> member.equals(A))).isEmpty();
        assertThat(router.pick(1, 3 * SECOND, member -> member.equals(A))).contains(A);
        router.succeeded(A, 1, 3 * SECOND, 4 * SECOND);
        router.failed(A, 4 * SECOND);
        assertThat(router.pick(1, 5 * SECOND, member -> member.equals(A))).contains(A);
    }

    @Test
    void what_fails_together_bans_once() {
        StageRouter router = router(A, B);
        for (int frame = 0; frame < 8; frame++) {
            router.failed(A, frame);
        }
        assertThat(router.pick(1, SECOND - 1, member -> member.equals(A))).isEmpty();
        assertThat(router.pick(1, SECOND, member -> member.equals(A))).contains(A);
        router.failed(A, SECOND);
        assertThat(router.pick(1, 3 * SECOND - 1, member -> member.equals(A)))
                .as("the second outage in a row costs twice as much, not 256 times")
                .isEmpty();
        assertThat(router.pick(1, 3 * SECOND, member -> member.equals(A))).contains(A);
    }

    @Test
    void who_is_not_free_is_passed_over_without_being_charged() {
        StageRouter router = router(A, B);
        Map<Member, Double> seconds = Map.of(A, 1.0, B, 1.0);
        calls(router, 100, seconds);
        for (int call = 0; call < 50; call++) {
            assertThat(router.pick(1, now, member -> member.equals(B))).contains(B);
        }
        // B was charged 50 times; A makes up for it.
        assertThat(calls(router, 40, seconds).get(A)).isGreaterThanOrEqualTo(39);
    }

    @Test
    void a_replica_chosen_for_another_reason_is_charged_too() {
        StageRouter router = router(A, B);
        Map<Member, Double> seconds = Map.of(A, 1.0, B, 1.0);
        calls(router, 100, seconds);
        for (int call = 0; call < 20; call++) {
            router.chosen(A, 1);
        }
        assertThat(calls(router, 18, seconds)).doesNotContainKey(A);
    }

    @Test
    void nobody_is_picked_when_nobody_is_there() {
        StageRouter router = router(A);
        router.members(List.of());
        assertThat(router.pick(1, 0, free -> true)).isEmpty();
        router.failed(A, 0);
        router.succeeded(A, 1, 0, 1);
        router.chosen(A, 1);
        assertThat(router.pick(1, 0, free -> true)).isEmpty();
    }
}
