package io.murmuration.actors.averaging;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Route;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class AverageQueueTest {

    private static final List<Member> PARTICIPANTS = List.of(Member.of("a", 1), Member.of("b", 1));
    private static final Member JOINER = Member.of("joiner", 1);
    private static final long LENGTH = 10;
    private static final long PART = 3;

    private static DataFrame.AveragePart frame(long step, long round, int part, int bytes) {
        int owner =
                AveragingPlan.of(PARTICIPANTS, LENGTH, PART).parts().get(part).owner();
        byte[] content = new byte[bytes];
        content[0] = (byte) (step * 50 + round * 10 + part);
        return new DataFrame.AveragePart(
                new Route("run", PARTICIPANTS.get(owner), JOINER),
                step,
                round,
                part,
                true,
                new Payload(content, bytes));
    }

    @Property(tries = 300)
    void averages_come_out_whole_in_order_and_of_the_committed_round_whatever_the_order_of_arrival(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int steps) {
        SplittableRandom random = new SplittableRandom(seed);
        AverageQueue queue = new AverageQueue(7, PART, 1 << 20);
        List<DataFrame.AveragePart> frames = new ArrayList<>();
        for (long step = 5; step < 7 + steps; step++) {
            for (int part = 0; part < 4; part++) {
                // Round 1 was abandoned after some of its parts were sent.
                if (random.nextBoolean()) {
                    frames.add(frame(step, 1, part, 4));
                }
                frames.add(frame(step, 2, part, 4));
                frames.add(frame(step, 2, part, 4));
            }
        }
        List<Long> commits = new ArrayList<>();
        for (long step = 5; step < 7 + steps; step++) {
            commits.add(step);
            commits.add(step);
        }
        List<AverageQueue.Committed> applied = new ArrayList<>();
        while (!frames.isEmpty() || !commits.isEmpty()) {
            if (!frames.isEmpty() && (commits.isEmpty() || random.nextInt(4) != 0)) {
                assertThat(queue.take(frames.remove(random.nextInt(frames.size()))))
                        .isEmpty();
            } else {
                long step = commits.remove(random.nextInt(commits.size()));
                queue.commit(step, 2, PARTICIPANTS, step);
            }
            for (Optional<AverageQueue.Committed> next = queue.poll(LENGTH);
                    next.isPresent();
                    next = queue.poll(LENGTH)) {
                applied.add(next.get());
            }
        }
        assertThat(applied).hasSize(steps);
        for (int i = 0; i < steps; i++) {
            AverageQueue.Committed average = applied.get(i);
            assertThat(average.step()).isEqualTo(7 + i);
            assertThat(average.gradientNorm()).isEqualTo(average.step());
            long end = 0;
            for (int part = 0; part < average.parts().size(); part++) {
                AverageQueue.Part range = average.parts().get(part);
                assertThat(range.offset()).isEqualTo(end);
                assertThat(range.average().bytes()[0]).isEqualTo((byte) (average.step() * 50 + 20 + part));
                end += range.length();
            }
            assertThat(end).isEqualTo(LENGTH);
        }
        assertThat(queue.bytes()).as("nothing is left behind").isZero();
    }

    @Test
    void what_does_not_fit_is_refused_and_there_is_room_again_when_an_average_is_applied() {
        AverageQueue queue = new AverageQueue(7, PART, 4 * (100 + 64));
        for (int part = 0; part < 4; part++) {
            assertThat(queue.take(frame(7, 1, part, 100))).isEmpty();
        }
        assertThat(queue.overflown()).isFalse();
        assertThat(queue.take(frame(8, 1, 0, 1)).map(Refusal::reason)).contains(Refusal.Reason.NO_CREDIT);
        assertThat(queue.overflown()).isTrue();
        queue.commit(7, 1, PARTICIPANTS, 1);
        assertThat(queue.poll(LENGTH)).isPresent();
        assertThat(queue.take(frame(8, 1, 0, 1))).isEmpty();
    }

    @Test
    void a_part_that_is_missing_or_comes_from_who_does_not_own_it_leaves_the_average_due() {
        AverageQueue queue = new AverageQueue(7, PART, 1 << 20);
        for (int part = 0; part < 3; part++) {
            assertThat(queue.take(frame(7, 1, part, 4))).isEmpty();
        }
        DataFrame.AveragePart last = frame(7, 1, 3, 4);
        Route stranger = new Route("run", PARTICIPANTS.getFirst(), JOINER);
        queue.take(new DataFrame.AveragePart(stranger, 7, 1, 3, true, last.payload()));
        queue.commit(7, 1, PARTICIPANTS, 1);
        assertThat(queue.due()).isTrue();
        assertThat(queue.poll(LENGTH)).isEmpty();
        queue.take(last);
        assertThat(queue.poll(LENGTH)).isPresent();
        assertThat(queue.due()).isFalse();
    }

    @Test
    void a_contribution_is_not_for_a_joiner() {
        AverageQueue queue = new AverageQueue(7, PART, 1 << 20);
        DataFrame.AveragePart part = frame(7, 1, 0, 4);
        var contribution = new DataFrame.AveragePart(part.route(), 7, 1, 0, false, part.payload());
        assertThat(queue.take(contribution).map(Refusal::reason)).contains(Refusal.Reason.INVALID);
    }
}
