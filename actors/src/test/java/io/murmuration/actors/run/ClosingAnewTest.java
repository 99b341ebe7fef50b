package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A step that begins again, because a stage is another one than it began with: two stages, two microbatches. */
final class ClosingAnewTest {

    private static final Member FIRST = Member.of("first", 1);
    private static final Member LAST = Member.of("last", 1);
    private static final Member TRAINER = Member.of("trainer", 1);
    private static final Epoch EPOCH = new Epoch(1, 1);
    private static final long STEP = 5;

    private final StepClosing closing = new StepClosing(
            new Roster(EPOCH, List.of(List.of(FIRST), List.of(LAST)), List.of(TRAINER)),
            STEP,
            2,
            List.of(List.of(), List.of()),
            0,
            true);

    private static List<ShardMessage.CloseStep> asked(List<StepClosing.Order> orders) {
        return orders.stream()
                .map(StepClosing.Order::message)
                .filter(ShardMessage.CloseStep.class::isInstance)
                .map(ShardMessage.CloseStep.class::cast)
                .toList();
    }

    private void tally(Member from, long number, Integer... counted) {
        closing.tally(from, new CoordinatorMessage.Tally(EPOCH, STEP, number, List.of(counted)));
    }

    @Test
    void everybody_throws_away_what_was_counted_once_and_all_of_it_is_replayed_through_all_stages() {
        List<ShardMessage.CloseStep> first = asked(closing.advance());
        assertThat(first).hasSize(2).allMatch(ShardMessage.CloseStep::discard);
        // Whoever has not answered is asked the same again.
        assertThat(asked(closing.askAgain())).isEqualTo(first);
        tally(FIRST, first.get(0).closing());
        tally(LAST, first.get(1).closing());
        List<StepClosing.Order> replays = closing.advance();
        assertThat(replays).singleElement().satisfies(order -> {
            assertThat(order.to()).isEqualTo(TRAINER);
            assertThat(((MemberMessage.ReplayOrders) order.message()).orders())
                    .hasSize(2)
                    .allSatisfy(replay -> assertThat(replay.replay().counting()).containsExactly(0, 1));
        });
    }

    @Test
    void what_was_replayed_is_not_thrown_away_when_somebody_has_to_be_asked_anew() {
        List<ShardMessage.CloseStep> first = asked(closing.advance());
        tally(FIRST, first.get(0).closing());
        tally(LAST, first.get(1).closing());
        closing.advance();
        // Replays that do not come to an end: after a while everybody is asked what is missing.
        for (int ask = 0; ask < 4; ask++) {
            closing.askAgain();
        }
        assertThat(asked(closing.askAgain())).hasSize(2).noneMatch(ShardMessage.CloseStep::discard);
    }
}
