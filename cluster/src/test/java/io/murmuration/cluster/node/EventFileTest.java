package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A disk that does not answer. */
@Timeout(30)
final class EventFileTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(7));
    private static final int WAITING = 3;

    /** Hangs in the first line until it is let go. */
    private static final class HangingDisk implements EventFile.Lines {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch goesOn = new CountDownLatch(1);
        private final CountDownLatch closed = new CountDownLatch(1);
        private final List<String> written = new CopyOnWriteArrayList<>();

        @Override
        public void append(String line) {
            reached.countDown();
            try {
                goesOn.await();
            } catch (InterruptedException e) {
                throw new AssertionError("nobody interrupts who writes", e);
            }
            written.add(line);
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }

    private final HangingDisk disk = new HangingDisk();

    private EventFile hanging(Duration flush) throws InterruptedException {
        EventFile file = new EventFile(disk, CLOCK, complaint -> {}, WAITING, flush);
        file.write(EventFile.event("first"));
        disk.reached.await();
        return file;
    }

    @Test
    void who_tells_of_an_event_never_waits_for_the_disk_and_what_does_not_fit_is_counted() throws Exception {
        EventFile file = hanging(Duration.ofSeconds(20));
        for (int i = 0; i < WAITING + 5; i++) {
            file.write(EventFile.event("e" + i));
        }
        assertThat(file.lost()).isEqualTo(5);
        assertThat(disk.written).isEmpty();

        disk.goesOn.countDown();
        file.close();
        assertThat(disk.written)
                .containsExactly(
                        "{\"event\":\"first\",\"time\":7}",
                        "{\"event\":\"e0\",\"time\":7}",
                        "{\"event\":\"e1\",\"time\":7}",
                        "{\"event\":\"e2\",\"time\":7}");
    }

    @Test
    void the_end_of_a_life_waits_for_a_hanging_disk_no_longer_than_it_is_told() throws Exception {
        EventFile file = hanging(Duration.ofMillis(50));
        file.write(EventFile.event("left"));

        file.close();
        assertThat(disk.closed.getCount()).isEqualTo(1);

        // The next life writes to the same file: what is left of this one stays out of it.
        disk.goesOn.countDown();
        disk.closed.await();
        assertThat(disk.written).containsExactly("{\"event\":\"first\",\"time\":7}");
    }
}
