package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.run.RunEvent;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class LifeInboxTest {

    private static NodeEvent step(int version) {
        return new NodeEvent.OfRun(new RunEvent.Paused(version));
    }

    @Test
    void what_does_not_fit_is_lost_and_counted_and_what_decides_still_gets_in() throws InterruptedException {
        LifeInbox inbox = new LifeInbox(2);
        for (int version = 0; version < 5; version++) {
            inbox.tell(step(version));
        }
        inbox.tell(new NodeEvent.HandedOver());

        assertThat(inbox.lost()).isEqualTo(3);
        assertThat(inbox.left()).containsExactly(step(0), step(1), new NodeEvent.HandedOver());
        assertThat(inbox.next(0)).isEqualTo(Optional.of(step(0)));
    }

    @Test
    void what_decides_is_bounded_too() {
        LifeInbox inbox = new LifeInbox(2);
        for (int i = 0; i < 10_000; i++) {
            inbox.tell(new NodeEvent.LeaveWanted());
        }

        assertThat(inbox.left()).hasSize(2 + LifeInbox.RESERVE);
    }
}
