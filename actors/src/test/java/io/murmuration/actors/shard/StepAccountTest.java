package io.murmuration.actors.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Replay;
import io.murmuration.actors.protocol.Route;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class StepAccountTest {

    private static final long STEP = 7;
    private static final Member SELF = Member.of("self", 1);
    private static final Member UP = Member.of("up", 1);
    private static final Member OTHER = Member.of("other", 1);
    private static final Member NEXT = Member.of("next", 1);
    private static final Payload BYTES = new Payload(new byte[] {1}, 4);

    private static MicrobatchId id(int index) {
        return new MicrobatchId(Purpose.TRAIN, STEP, index);
    }

    private static DataFrame.Forward frame(Member from, int stage, int index, int attempt, Optional<Replay> replay) {
        Route route = new Route("run", from, SELF);
        return new DataFrame.Forward(route, id(index), stage, attempt, replay, new byte[] {2}, BYTES);
    }

    private static DataFrame.Forward frame(Member from, int stage, int index, int attempt) {
        return frame(from, stage, index, attempt, Optional.empty());
    }

    private static DataFrame.Backward gradient(int index) {
        return new DataFrame.Backward(new Route("run", NEXT, SELF), id(index), 1, 0.5, BYTES);
    }

    private static Optional<Replay> replay(int from, int to) {
        return Optional.of(
                new Replay(from, to, IntStream.rangeClosed(from, to).boxed().toList(), Optional.empty()));
    }

    /** Stage 1 of 3, one step open. */
    private static StepAccount account(int credits) {
        StepAccount account = new StepAccount(1, 3, credits);
        account.open(Purpose.TRAIN, STEP, 16);
        return account;
    }

    private static StepAccount.Admission offer(StepAccount account, DataFrame.Forward frame) {
        return account.admit(frame, 0);
    }

    private static Optional<StepAccount.Work> next(StepAccount account) {
        return Arrays.stream(StepAccount.Urgency.values())
                .flatMap(urgency -> account.nextWork(urgency, STEP).stream())
                .findFirst();
    }

    private static void count(StepAccount account, int index) {
        assertThat(offer(account, frame(UP, 1, index, 1))).isInstanceOf(StepAccount.Taken.class);
        assertThat(next(account)).isPresent();
        account.forwardDone(id(index), BYTES);
        account.gradient(gradient(index));
        StepAccount.BackwardWork work = (StepAccount.BackwardWork) next(account).orElseThrow();
        account.backwardDone(id(index), BYTES, work.count());
    }

    /** A shard around the account: one task at a time, an accumulator that can only be added to and emptied. */
    private static final class World {
        private final SplittableRandom random;
        private final StepAccount account;
        private final List<Integer> accumulator = new ArrayList<>();
        private final List<Member> upstreams = new ArrayList<>(List.of(UP, OTHER));
        private Optional<StepAccount.Work> busy = Optional.empty();
        private Optional<List<Integer>> atSeal = Optional.empty();
        private int lives;
        private int replayTo = 1;

        private World(long seed, int stage, int credits) {
            this.random = new SplittableRandom(seed);
            this.account = new StepAccount(stage, 3, credits);
            this.stage = stage;
            account.open(Purpose.TRAIN, STEP, 8);
        }

        private final int stage;

        private void act() {
            int index = random.nextInt(8);
            Member up = upstreams.get(random.nextInt(upstreams.size()));
            switch (random.nextInt(16)) {
                case 0, 1, 2, 3 -> admit(up, index);
                case 4, 5, 6 -> work();
                case 7, 8 -> finishWork();
                case 9, 10 -> account.gradient(gradient(index));
                case 11 -> account.cancel(id(index), up, random.nextInt(3));
                case 12 -> {
                    if (random.nextInt(4) == 0) {
                        upstreams.set(random.nextInt(2), Member.of("late" + lives++, 1));
                        account.upstreams(upstreams);
                    }
                }
                case 13 -> {
                    if (random.nextInt(6) == 0) {
                        account.freeze();
                    }
                }
                case 14 -> {
                    if (account.isFrozen() && !account.computing() && random.nextInt(3) == 0) {
                        account.seal();
                        atSeal = Optional.of(List.copyOf(accumulator));
                    }
                }
                default -> {
                    if (account.isFrozen() && random.nextInt(3) == 0) {
                        account.unseal();
                        atSeal = Optional.empty();
                        replayTo = 1 + random.nextInt(2);
                        if (random.nextBoolean()) {
                            discard();
                        }
                    }
                }
            }
            check();
        }

        private void admit(Member up, int index) {
            boolean replay = account.isFrozen() ? random.nextInt(4) != 0 : random.nextInt(8) == 0;
            int attempt = 1 + random.nextInt(2);
            Optional<Replay> order = replay ? replay(random.nextInt(3), replayTo) : Optional.empty();
            var admission = offer(account, frame(up, stage, index, attempt, order));
            if (account.isFrozen() && !replay) {
                assertThat(admission).isInstanceOf(StepAccount.Declined.class);
            }
        }

        private void work() {
            if (busy.isEmpty()) {
                busy = next(account);
            }
        }

        private void finishWork() {
            StepAccount.Work work = busy.orElse(null);
            busy = Optional.empty();
            switch (work) {
                case StepAccount.ForwardWork forward -> account.forwardDone(forward.id(), BYTES);
                case StepAccount.LossWork loss -> {
                    sum(loss.id(), loss.count());
                    account.lossDone(loss.id(), 1, BYTES, loss.count());
                }
                case StepAccount.BackwardWork backward -> {
                    sum(backward.id(), backward.count());
                    account.backwardDone(backward.id(), BYTES, backward.count());
                }
                case null -> {}
            }
            if (emptyAfterWork) {
                emptyAfterWork = false;
                accumulator.clear();
            }
        }

        private boolean emptyAfterWork;

        /** Tasks run in order: the accumulator is emptied after the one under way. */
        private void discard() {
            account.discard();
            if (busy.isPresent()) {
                emptyAfterWork = true;
            } else {
                accumulator.clear();
            }
        }

        private void sum(MicrobatchId id, boolean count) {
            if (count) {
                accumulator.add(id.index());
            }
        }

        private void check() {
            if (!emptyAfterWork) {
                assertThat(accumulator).doesNotHaveDuplicates();
                assertThat(account.counted()).containsExactlyInAnyOrderElementsOf(accumulator);
            }
            atSeal.ifPresent(before -> assertThat(accumulator).isEqualTo(before));
            assertThat(account.computing() || busy.isEmpty()).isTrue();
        }
    }

    @Property(tries = 1000)
    void what_is_counted_is_what_was_summed_and_nothing_twice(
            @ForAll long seed, @ForAll @IntRange(min = 0, max = 2) int stage) {
        World world = new World(seed, stage, 2);
        for (int action = 0; action < 400; action++) {
            world.act();
        }
    }

    @Test
    void a_replay_admitted_before_the_seal_is_computed_without_counting() {
        StepAccount account = account(2);
        account.freeze();
        offer(account, frame(UP, 1, 0, 1, replay(1, 1)));
        account.seal();
        assertThat(next(account)).isPresent();
        account.forwardDone(id(0), BYTES);
        account.gradient(gradient(0));
        assertThat(next(account).map(work -> ((StepAccount.BackwardWork) work).count()))
                .contains(false);
    }

    @Test
    void what_is_being_summed_while_the_accumulator_is_thrown_away_is_not_counted() {
        StepAccount account = account(2);
        account.freeze();
        offer(account, frame(UP, 1, 0, 1, replay(1, 1)));
        assertThat(next(account)).isPresent();
        account.forwardDone(id(0), BYTES);
        account.gradient(gradient(0));
        assertThat(next(account)).isPresent();
        account.discard();
        account.backwardDone(id(0), BYTES, true);
        assertThat(account.counted()).isEmpty();
        assertThat(offer(account, frame(UP, 1, 0, 2, replay(1, 1))))
                .as("it may be counted when it comes again")
                .isInstanceOf(StepAccount.Taken.class);
    }

    @Test
    void first_attempts_are_bounded_by_the_credits_and_one_slot_is_left_for_resends() {
        StepAccount account = account(2);
        assertThat(offer(account, frame(UP, 1, 0, 1))).isInstanceOf(StepAccount.Taken.class);
        assertThat(offer(account, frame(UP, 1, 1, 1))).isInstanceOf(StepAccount.Taken.class);
        assertThat(offer(account, frame(UP, 1, 2, 1))).satisfies(refused(Refusal.Reason.NO_CREDIT));
        assertThat(offer(account, frame(UP, 1, 2, 2))).isInstanceOf(StepAccount.Taken.class);
        assertThat(offer(account, frame(UP, 1, 3, 2))).satisfies(refused(Refusal.Reason.NO_CREDIT));
        assertThat(offer(account, frame(OTHER, 1, 3, 1)))
                .as("each upstream has its own")
                .isInstanceOf(StepAccount.Taken.class);
        assertThat(offer(account, frame(UP, 1, 0, 2))).as("it is here already").isInstanceOf(StepAccount.Taken.class);
    }

    @Test
    void backward_goes_before_replay_before_forward_and_the_lowest_first() {
        StepAccount account = account(8);
        offer(account, frame(UP, 1, 9, 1));
        assertThat(next(account)).isPresent();
        account.forwardDone(id(9), BYTES);
        account.gradient(gradient(9));
        offer(account, frame(UP, 1, 2, 1));
        offer(account, frame(UP, 1, 1, 1));
        offer(account, frame(UP, 1, 5, 1, replay(1, 1)));
        assertThat(next(account)).get().isInstanceOf(StepAccount.BackwardWork.class);
        assertThat(next(account).map(StepAccount.Work::id)).contains(id(5));
        assertThat(next(account).map(StepAccount.Work::id)).contains(id(1));
        assertThat(next(account).map(StepAccount.Work::id)).contains(id(2));
        assertThat(next(account)).isEmpty();
    }

    @Test
    void frames_of_another_step_stage_or_index_are_refused_with_the_reason() {
        StepAccount account = account(2);
        var otherStep = new DataFrame.Forward(
                new Route("run", UP, SELF),
                new MicrobatchId(Purpose.TRAIN, STEP + 1, 0),
                1,
                1,
                Optional.empty(),
                new byte[0],
                BYTES);
        assertThat(offer(account, otherStep)).satisfies(refused(Refusal.Reason.NOT_OPEN));
        assertThat(offer(account, frame(UP, 2, 0, 1))).satisfies(refused(Refusal.Reason.INVALID));
        assertThat(offer(account, frame(UP, 1, 16, 1))).satisfies(refused(Refusal.Reason.INVALID));
        assertThat(offer(account, frame(UP, 1, -1, 1))).satisfies(refused(Refusal.Reason.INVALID));
        assertThat(offer(new StepAccount(1, 3, 2), frame(UP, 1, 0, 1)))
                .as("no step is open yet")
                .satisfies(refused(Refusal.Reason.NOT_OPEN));
    }

    @Test
    void a_finished_microbatch_is_answered_at_once_even_when_the_step_is_being_averaged() {
        StepAccount account = account(2);
        count(account, 3);
        assertThat(offer(account, frame(OTHER, 1, 3, 4)))
                .isEqualTo(new StepAccount.AlreadyFinished(new StepAccount.Waiter(OTHER, 4, true)));
        account.freeze();
        account.seal();
        assertThat(offer(account, frame(OTHER, 1, 3, 5, replay(0, 1)))).isInstanceOf(StepAccount.AlreadyFinished.class);
        assertThat(offer(account, frame(OTHER, 1, 4, 5, replay(0, 1)))).satisfies(refused(Refusal.Reason.NOT_OPEN));
        assertThat(offer(account, frame(OTHER, 1, 4, 5, Optional.of(new Replay(0, 2, List.of(0), Optional.empty())))))
                .as("a stage whose replica died after averaging still passes on what the next one lost")
                .isInstanceOf(StepAccount.Taken.class);
        assertThat(account.counted()).containsExactly(3);
    }

    @Test
    void a_frozen_step_drops_what_is_not_being_computed_and_counts_only_replays() {
        StepAccount account = account(4);
        offer(account, frame(UP, 1, 0, 1));
        offer(account, frame(UP, 1, 1, 1));
        assertThat(next(account)).isPresent();
        account.freeze();
        assertThat(next(account)).isEmpty();
        assertThat(account.forwardDone(id(0), BYTES)).isInstanceOf(StepAccount.Stop.class);
        assertThat(offer(account, frame(UP, 1, 1, 2))).satisfies(refused(Refusal.Reason.NOT_OPEN));
        assertThat(offer(account, frame(UP, 1, 1, 2, replay(1, 2)))).isInstanceOf(StepAccount.Taken.class);
    }

    @Test
    void a_replay_whose_gradient_waits_elsewhere_is_fetched_and_not_passed_on() {
        StepAccount account = account(2);
        account.freeze();
        offer(account, frame(UP, 1, 0, 1, Optional.of(new Replay(1, 1, List.of(1), Optional.of(NEXT)))));
        assertThat(next(account)).isPresent();
        assertThat(account.forwardDone(id(0), BYTES)).isEqualTo(new StepAccount.Fetch(NEXT));
        assertThat(account.fetches()).containsEntry(id(0), NEXT);
        assertThat(account.gradient(gradient(0))).isTrue();
        assertThat(account.fetches()).isEmpty();
        assertThat(account.gradient(gradient(0)))
                .as("a second one is not wanted")
                .isFalse();
    }

    @Test
    void a_replay_does_not_carry_a_gradient_to_who_has_counted() {
        StepAccount account = account(2);
        count(account, 0);
        account.freeze();
        var admission = (StepAccount.AlreadyFinished) offer(account, frame(UP, 1, 0, 2, replay(1, 1)));
        assertThat(admission.waiter().wantsGradient()).isFalse();
        var both = (StepAccount.AlreadyFinished) offer(account, frame(UP, 1, 0, 2, replay(0, 1)));
        assertThat(both.waiter().wantsGradient()).isTrue();
    }

    @Test
    void a_cancelled_microbatch_is_dropped_unless_somebody_else_waits_or_a_newer_attempt_is_here() {
        StepAccount account = account(4);
        offer(account, frame(UP, 1, 0, 2));
        assertThat(account.cancel(id(0), UP, 1)).isFalse();
        offer(account, frame(OTHER, 1, 0, 1));
        assertThat(account.cancel(id(0), UP, 2)).isFalse();
        assertThat(account.cancel(id(0), OTHER, 1)).isTrue();
        assertThat(next(account)).isEmpty();
    }

    @Test
    void what_was_begun_for_an_upstream_that_left_is_an_orphan_and_what_was_not_is_dropped() {
        StepAccount account = account(4);
        count(account, 0);
        offer(account, frame(UP, 1, 1, 1));
        assertThat(next(account)).isPresent();
        account.forwardDone(id(1), BYTES);
        offer(account, frame(UP, 1, 2, 1));
        offer(account, frame(OTHER, 1, 3, 1));
        assertThat(account.upstreams(List.of(OTHER))).containsExactly(id(0), id(1));
        assertThat(next(account).map(StepAccount.Work::id)).contains(id(3));
        assertThat(next(account)).isEmpty();
    }

    @Test
    void in_stage_0_a_new_trainer_takes_over_what_is_under_way_for_nobody() {
        StepAccount account = new StepAccount(0, 3, 4);
        account.open(Purpose.TRAIN, STEP, 16);
        offer(account, frame(UP, 0, 0, 1));
        offer(account, frame(OTHER, 0, 1, 1));
        account.upstreams(List.of(OTHER));
        assertThat(account.adopt(OTHER, List.of(0, 5))).containsExactly(0, 1);
    }

    private static java.util.function.Consumer<StepAccount.Admission> refused(Refusal.Reason reason) {
        return admission -> assertThat(
                        ((StepAccount.Declined) admission).refusal().reason())
                .isEqualTo(reason);
    }
}
