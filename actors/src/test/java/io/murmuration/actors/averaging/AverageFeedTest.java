package io.murmuration.actors.averaging;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.port.ScriptedPorts;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class AverageFeedTest {

    private static final Member SELF = Member.of("self", 1);
    private static final Member JOINER = Member.of("joiner", 1);
    private static final Duration RETRY = Duration.ofMillis(10);

    /** Takes every offer and leaves the answer to the test. */
    private static final class Way implements DataPlane {
        private final List<DataFrame> offered = new ArrayList<>();
        private Consumer<Outcome> last = outcome -> {};

        @Override
        public void attach(Member self, Consumer<Delivery> inbox) {}

        @Override
        public void detach(Member self) {}

        @Override
        public void offer(DataFrame frame, Consumer<Outcome> done) {
            offered.add(frame);
            last = done;
        }
    }

    private final Way way = new Way();
    private final ScriptedPorts scripted = new ScriptedPorts();
    private final AverageFeed feed;

    AverageFeedTest() {
        Ports ports = scripted.ports();
        feed = new AverageFeed(
                new ActorPorts(
                        new Ports(
                                ports.compute(),
                                way,
                                ports.control(),
                                ports.membership(),
                                ports.ticker(),
                                ports.seed()),
                        SELF,
                        Runnable::run),
                "run",
                SELF,
                new AverageFeed.Limits(1, 3, RETRY, 100));
        feed.begin(7, 1, List.of(JOINER));
        feed.reduced(7, 1, 0, new Payload(new byte[4], 4));
        feed.proceed();
    }

    private void pass(int retries) {
        scripted.now.addAndGet(RETRY.toNanos() * retries);
        feed.proceed();
    }

    @Test
    void a_part_that_was_lost_on_the_way_to_who_has_just_come_is_offered_again_after_growing_pauses() {
        way.last.accept(new DataPlane.Failed("nobody knows the joiner yet"));
        feed.proceed();
        assertThat(way.offered).hasSize(1);
        pass(1);
        assertThat(way.offered).hasSize(2);
        way.last.accept(new DataPlane.Failed("nor now"));
        pass(1);
        assertThat(way.offered).as("the pause has doubled").hasSize(2);
        pass(1);
        assertThat(way.offered).hasSize(3);
        assertThat(way.offered.getLast()).isEqualTo(way.offered.getFirst());
        way.last.accept(new DataPlane.Accepted());
        pass(100);
        assertThat(way.offered).hasSize(3);
    }

    @Test
    void after_so_many_failures_in_a_row_what_waits_is_given_up() {
        for (int i = 0; i < 3; i++) {
            way.last.accept(new DataPlane.Failed("gone"));
            pass(100);
        }
        assertThat(way.offered).hasSize(3);
    }
}
