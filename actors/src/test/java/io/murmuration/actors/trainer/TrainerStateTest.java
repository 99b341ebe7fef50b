package io.murmuration.actors.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.TrainerMessage;
import io.murmuration.actors.routing.AdaptiveDeadline;
import io.murmuration.actors.routing.Custody;
import io.murmuration.actors.routing.StageRouter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class TrainerStateTest {

    private static final int MICROBATCHES = 12;
    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);
    private static final Member X = Member.of("x", 1);
    private static final Member Y = Member.of("y", 1);

    private static Custody custody() {
        return new Custody(
                new StageRouter(new SplittableRandom(1), 1),
                new AdaptiveDeadline(new AdaptiveDeadline.Settings(1000, 1000, 1)),
                MICROBATCHES,
                1);
    }

    private static Roster roster(long number, Member... trainers) {
        return new Roster(new Epoch(1, number), List.of(List.of(X, Y)), List.of(trainers));
    }

    private static TrainerState open(Member self, Custody custody, boolean begun, Member... trainers) {
        return new TrainerState(
                self,
                custody,
                new MemberMessage.OpenStep(
                        roster(1, trainers), List.of(trainers), Purpose.TRAIN, 3, MICROBATCHES, begun, 3));
    }

    private static TrainerMessage.Held held(long number, Map<Integer, Double> finished, List<Integer> underWay) {
        return new TrainerMessage.Held(
                new Epoch(1, number), Purpose.TRAIN, 3, new TreeMap<>(finished), underWay, false);
    }

    private static List<Integer> sent(Custody custody) {
        return custody.dispatch(0).stream()
                .map(dispatch -> dispatch.id().index())
                .sorted()
                .toList();
    }

    private static void finish(TrainerState state, int index) {
        state.done(X, new TrainerMessage.Done(new MicrobatchId(Purpose.TRAIN, 3, index), 1, index), 1);
    }

    /**
     * Trainers leave one after the other and some are told of the step only then; a coordinator that took over and knows no
     * better gives other ranks, after all have learnt its roster with another step: nobody's microbatch is nobody's.
     */
    @Property(tries = 300)
    void every_microbatch_is_answered_for_whoever_leaves_and_whenever_each_is_told(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 5) int trainers) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Member> ranks = IntStream.range(0, trainers)
                .mapToObj(i -> Member.of("t" + i, 1))
                .toList();
        List<Member> live = new ArrayList<>(ranks);
        Map<Member, TrainerState> states = new TreeMap<>();
        for (long number = 1; !live.isEmpty(); number++) {
            Roster roster = roster(number, live.toArray(Member[]::new));
            if (random.nextInt(3) == 0) {
                ranks = List.copyOf(live);
            }
            boolean last = live.size() == 1;
            for (Member member : live) {
                if (states.containsKey(member)) {
                    states.get(member).rosterChanged(roster);
                    states.get(member).ranks(ranks);
                } else if (last || random.nextBoolean()) {
                    TrainerState state = new TrainerState(
                            member,
                            custody(),
                            new MemberMessage.OpenStep(roster, ranks, Purpose.TRAIN, 3, MICROBATCHES, number > 1, 3));
                    states.put(member, state);
                }
            }
            if (states.keySet().containsAll(live)) {
                checkAllAnswered(states, live);
            }
            live.remove(random.nextInt(live.size()));
        }
    }

    private static void checkAllAnswered(Map<Member, TrainerState> states, List<Member> live) {
        List<Integer> owned = new ArrayList<>();
        live.forEach(member -> owned.addAll(states.get(member).owned()));
        assertThat(owned)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, MICROBATCHES).boxed().toList());
    }

    @Test
    void at_the_beginning_of_a_step_it_sends_what_is_its_own_without_asking() {
        Custody custody = custody();
        TrainerState state = open(B, custody, false, A, B);
        assertThat(state.toAsk()).isEmpty();
        assertThat(sent(custody)).containsExactly(1, 3, 5, 7, 9, 11);
        assertThat(state.finished()).isFalse();
        for (int index = 1; index < MICROBATCHES; index += 2) {
            finish(state, index);
        }
        assertThat(state.finished()).isTrue();
        assertThat(state.losses()).containsEntry(3, 3.0).hasSize(6);
    }

    @Test
    void what_it_inherits_it_asks_for_first_and_sends_only_what_nobody_has() {
        Custody custody = custody();
        TrainerState state = open(B, custody, false, A, B);
        sent(custody);
        state.rosterChanged(roster(2, B));
        assertThat(state.toAsk()).containsExactly(X, Y);
        assertThat(state.inherited()).containsExactly(0, 2, 4, 6, 8, 10);
        assertThat(sent(custody)).isEmpty();
        state.held(X, held(2, Map.of(0, 0.25), List.of(2)), 0);
        state.held(X, held(2, Map.of(6, 0.25), List.of()), 0);
        assertThat(sent(custody)).as("Y has not answered, and X only once").isEmpty();
        state.held(Y, held(1, Map.of(8, 0.5), List.of()), 0);
        assertThat(state.toAsk())
                .as("an answer of an older roster says nothing")
                .containsExactly(Y);
        state.held(Y, held(2, Map.of(4, 0.5), List.of()), 0);
        assertThat(sent(custody)).containsExactly(6, 8, 10);
        assertThat(state.losses()).containsEntry(0, 0.25).containsEntry(4, 0.5);
    }

    @Test
    void a_shard_that_leaves_need_not_be_waited_for() {
        Custody custody = custody();
        TrainerState state = open(A, custody, true, A);
        state.held(X, held(1, Map.of(), List.of()), 0);
        state.rosterChanged(new Roster(new Epoch(1, 2), List.of(List.of(X)), List.of(A)));
        assertThat(sent(custody)).hasSize(MICROBATCHES);
    }

    @Test
    void when_the_step_is_being_closed_nothing_is_sent_but_by_order() {
        Custody custody = custody();
        TrainerState state = open(A, custody, true, A);
        state.held(X, new TrainerMessage.Held(new Epoch(1, 1), Purpose.TRAIN, 3, new TreeMap<>(), List.of(), true), 0);
        assertThat(state.toAsk()).isEmpty();
        assertThat(sent(custody)).isEmpty();
    }
}
