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
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class TrainerStepsTest {

    private static final int MICROBATCHES = 3;
    private static final int CREDITS = 4;
    private static final Member A = Member.of("a", 1);
    private static final Member X = Member.of("x", 1);

    private final Custody custody = new Custody(
            new StageRouter(new SplittableRandom(1), 1),
            new AdaptiveDeadline(new AdaptiveDeadline.Settings(1000, 1000, 1)),
            CREDITS,
            1);
    private final TrainerSteps steps = new TrainerSteps(A, custody);

    private void open(Purpose purpose, long step, long version) {
        var open = new MemberMessage.OpenStep(
                new Roster(new Epoch(1, 1), List.of(List.of(X)), List.of(A)),
                List.of(A),
                purpose,
                step,
                MICROBATCHES,
                false,
                version);
        steps.over(open);
        steps.open(open);
        steps.report(purpose, step);
    }

    private List<MicrobatchId> sent() {
        return custody.dispatch(0).stream().map(Custody.Dispatch::id).toList();
    }

    private void done(MicrobatchId id) {
        steps.of(id.purpose(), id.step()).orElseThrow().done(X, new TrainerMessage.Done(id, 1, 2.0), 0);
    }

    private static MicrobatchId train(long step, int index) {
        return new MicrobatchId(Purpose.TRAIN, step, index);
    }

    @Test
    void credits_are_for_all_steps_together_and_the_lowest_goes_first() {
        open(Purpose.TRAIN, 4, 3);
        open(Purpose.TRAIN, 3, 3);

        assertThat(sent()).containsExactly(train(3, 0), train(3, 1), train(3, 2), train(4, 0));
    }

    @Test
    void each_step_is_reported_once_when_all_of_it_is_back() {
        open(Purpose.TRAIN, 3, 3);
        open(Purpose.TRAIN, 4, 3);
        sent().forEach(this::done);

        assertThat(steps.takeFinished()).extracting(TrainerState::step).containsExactly(3L);
        assertThat(steps.takeFinished()).isEmpty();
        steps.report(Purpose.TRAIN, 3);
        assertThat(steps.takeFinished()).extracting(TrainerState::step).containsExactly(3L);
    }

    @Test
    void what_every_shard_is_past_is_forgotten_and_its_credit_is_free() {
        open(Purpose.TRAIN, 3, 3);
        sent();
        open(Purpose.TRAIN, 4, 3);
        open(Purpose.TRAIN, 5, 4);

        assertThat(steps.of(Purpose.TRAIN, 3)).isEmpty();
        assertThat(sent()).containsExactly(train(4, 0), train(4, 1), train(4, 2), train(5, 0));
    }

    @Test
    void late_copies_of_orders_to_begin_are_past() {
        open(Purpose.EVALUATE, 3, 3);
        assertThat(steps.isPast(Purpose.EVALUATE, 3)).isFalse();
        open(Purpose.TRAIN, 4, 3);

        assertThat(steps.isPast(Purpose.EVALUATE, 3)).isTrue();
        assertThat(steps.isPast(Purpose.TRAIN, 2)).isTrue();
        assertThat(steps.isPast(Purpose.TRAIN, 3))
                .as("began later than the next")
                .isFalse();
        assertThat(steps.isPast(Purpose.EVALUATE, 5)).isFalse();
    }

    @Test
    void a_new_coordinator_is_told_of_the_first_that_may_not_be_over() {
        open(Purpose.TRAIN, 3, 3);
        open(Purpose.TRAIN, 4, 3);

        assertThat(steps.standing().opened(Purpose.TRAIN, 3)).isTrue();
    }
}
