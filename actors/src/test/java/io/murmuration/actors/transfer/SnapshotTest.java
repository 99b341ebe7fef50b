package io.murmuration.actors.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Route;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class SnapshotTest {

    private static final Member DONOR = Member.of("donor", 1);
    private static final Member JOINER = Member.of("joiner", 1);

    private static DataFrame.StateChunk chunk(int stage, long version, int index, int chunks) {
        return new DataFrame.StateChunk(
                new Route("run", DONOR, JOINER), stage, version, index, chunks, new Payload(new byte[] {1}, 4));
    }

    @Property(tries = 300)
    void every_chunk_arrives_once_through_any_refusals_with_a_bounded_number_under_way(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 40) int chunks,
            @ForAll @IntRange(min = 1, max = 5) int window) {
        SplittableRandom random = new SplittableRandom(seed);
        SnapshotSender sender = new SnapshotSender(JOINER, 4, chunks, window, Integer.MAX_VALUE);
        SnapshotReceiver receiver = new SnapshotReceiver(1, 4);
        List<Integer> underWay = new ArrayList<>();
        int fresh = 0;
        for (int offers = 0; offers < 1000 && !sender.complete(); offers++) {
            underWay.addAll(sender.due());
            assertThat(underWay).hasSizeLessThanOrEqualTo(window).doesNotHaveDuplicates();
            int index = underWay.remove(random.nextInt(underWay.size()));
            boolean arrives = random.nextInt(3) != 0;
            if (arrives) {
                assertThat(receiver.refuse(chunk(1, 4, index, chunks))).isEmpty();
                fresh += receiver.take(chunk(1, 4, index, chunks)) ? 1 : 0;
            }
            // That it arrived may not become known.
            if (arrives && random.nextInt(4) != 0) {
                sender.delivered(index);
            } else {
                sender.refused(index);
            }
        }
        assertThat(sender.complete()).isTrue();
        assertThat(receiver.complete()).isTrue();
        assertThat(fresh).isEqualTo(chunks);
        assertThat(sender.due()).isEmpty();
    }

    @Test
    void a_receiver_that_refuses_again_and_again_is_given_up_and_one_success_is_enough_to_go_on() {
        SnapshotSender sender = new SnapshotSender(JOINER, 4, 3, 1, 2);
        sender.refused(sender.due().getFirst());
        sender.delivered(sender.due().getFirst());
        sender.refused(sender.due().getFirst());
        assertThat(sender.hopeless()).isFalse();
        sender.refused(sender.due().getFirst());
        assertThat(sender.hopeless()).isTrue();
    }

    @Test
    void chunks_that_cannot_be_are_refused_before_anything_is_kept() {
        SnapshotReceiver receiver = new SnapshotReceiver(1, 4);
        assertThat(receiver.refuse(chunk(1, 5, 0, 2)).map(Refusal::reason)).contains(Refusal.Reason.NOT_OPEN);
        assertThat(receiver.refuse(chunk(0, 4, 0, 2)).map(Refusal::reason)).contains(Refusal.Reason.NOT_OPEN);
        for (DataFrame.StateChunk bad :
                List.of(chunk(1, 4, 0, 0), chunk(1, 4, -1, 2), chunk(1, 4, 2, 2), chunk(1, 4, 0, Integer.MAX_VALUE))) {
            assertThat(receiver.refuse(bad).map(Refusal::reason)).contains(Refusal.Reason.INVALID);
        }
        assertThat(receiver.take(chunk(1, 4, 0, 2))).isTrue();
        assertThat(receiver.take(chunk(1, 4, 0, 2))).isFalse();
        assertThat(receiver.refuse(chunk(1, 4, 1, 3)).map(Refusal::reason)).contains(Refusal.Reason.INVALID);
        assertThat(receiver.complete()).isFalse();
        receiver.take(chunk(1, 4, 1, 2));
        assertThat(receiver.complete()).isTrue();
    }
}
