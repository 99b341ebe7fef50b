package io.murmuration.actors.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.actors.protocol.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Replicas of unequal speed under a full window, as in a run: each works off what it was sent in order, and answers when it is
 * done. Whoever has as much as it may have is not asked.
 */
final class RouterSharesTest {

    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);
    private static final Member C = Member.of("c", 1);

    private record Answer(long at, long number, Member from, long started) implements Comparable<Answer> {
        @Override
        public int compareTo(Answer other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    private static final class Stage {
        private final StageRouter router;
        private final Map<Member, Long> nanos = new TreeMap<>();
        private final Map<Member, Long> busyUntil = new TreeMap<>();
        private final Map<Member, Integer> open = new TreeMap<>();
        private final PriorityQueue<Answer> answers = new PriorityQueue<>();
        private final int window;
        private final int credits;
        private long now;
        private long sent;

        Stage(long seed, int window, int credits) {
            this.router = new StageRouter(new SplittableRandom(seed), 1_000_000_000L);
            this.window = window;
            this.credits = credits;
        }

        void replica(Member member, long nanosPerMicrobatch) {
            nanos.put(member, nanosPerMicrobatch);
            router.members(List.copyOf(nanos.keySet()));
        }

        /** Sends {@code count} more and says to whom each went. */
        List<Member> send(int count) {
            List<Member> to = new ArrayList<>();
            while (to.size() < count) {
                while (answers.size() < window && to.size() < count) {
                    var chosen = router.pick(1, now, member -> open.getOrDefault(member, 0) < credits);
                    if (chosen.isEmpty()) {
                        break;
                    }
                    Member member = chosen.get();
                    long done = Math.max(now, busyUntil.getOrDefault(member, 0L)) + nanos.get(member);
                    busyUntil.put(member, done);
                    open.merge(member, 1, Integer::sum);
                    answers.add(new Answer(done, sent++, member, now));
                    to.add(member);
                }
                Answer answer = answers.remove();
                now = answer.at();
                open.merge(answer.from(), -1, Integer::sum);
                router.succeeded(answer.from(), 1, answer.started(), now);
            }
            return to;
        }

        static double share(List<Member> sent, Member of) {
            return (double) sent.stream().filter(of::equals).count() / sent.size();
        }
    }

    /** From a millisecond to ten seconds: what a microbatch takes is not known beforehand. */
    private static long base(int magnitude) {
        return (long) (1_000_000 * Math.pow(10, magnitude / 10.0));
    }

    @Property(tries = 100)
    void after_500_microbatches_nodes_at_1_to_2_to_4_have_that_share(
            @ForAll long seed,
            @ForAll @IntRange(max = 40) int magnitude,
            @ForAll @IntRange(min = 1, max = 24) int window) {
        Stage stage = new Stage(seed, window, 8);
        stage.replica(A, 4 * base(magnitude));
        stage.replica(B, 2 * base(magnitude));
        stage.replica(C, base(magnitude));
        List<Member> sent = stage.send(500);
        assertThat(Stage.share(sent, A)).isCloseTo(1 / 7.0, within(0.1 / 7));
        assertThat(Stage.share(sent, B)).isCloseTo(2 / 7.0, within(0.2 / 7));
        assertThat(Stage.share(sent, C)).isCloseTo(4 / 7.0, within(0.4 / 7));
    }

    @Property(tries = 100)
    void a_node_that_slows_down_ten_times_loses_its_share_within_20_of_its_own_microbatches_and_regains_it(
            @ForAll long seed,
            @ForAll @IntRange(max = 40) int magnitude,
            @ForAll @IntRange(min = 1, max = 24) int window) {
        Stage stage = new Stage(seed, window, 8);
        for (Member member : List.of(A, B, C)) {
            stage.replica(member, base(magnitude));
        }
        assertThat(Stage.share(stage.send(500), A)).isCloseTo(1 / 3.0, within(0.033));

        // A tenth of the others' rate is a share of 1/21. It is reached from above, so twice that is a lost share.
        stage.nanos.put(A, 10 * base(magnitude));
        int own = 0;
        while (own < 20) {
            own += stage.send(1).getFirst().equals(A) ? 1 : 0;
        }
        assertThat(Stage.share(stage.send(400), A)).as("of the slow one").isBetween(0.5 / 21, 2.0 / 21);

        stage.nanos.put(A, base(magnitude));
        own = 0;
        while (own < 45) {
            own += stage.send(1).getFirst().equals(A) ? 1 : 0;
        }
        assertThat(Stage.share(stage.send(600), A)).as("as fast as before").isCloseTo(1 / 3.0, within(0.033));
    }

    @Property(tries = 100)
    void a_newcomer_among_fast_replicas_is_neither_starved_nor_flooded(
            @ForAll long seed,
            @ForAll @IntRange(max = 40) int magnitude,
            @ForAll @IntRange(min = 1, max = 24) int window) {
        Stage stage = new Stage(seed, window, 8);
        stage.replica(A, base(magnitude));
        stage.replica(B, base(magnitude));
        stage.send(200);
        stage.replica(C, base(magnitude));
        assertThat(stage.send(30)).contains(C);
        assertThat(Stage.share(stage.send(120), C)).isCloseTo(1 / 3.0, within(0.1));
    }
}
