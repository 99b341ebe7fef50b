package io.murmuration.cluster.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.cluster.config.RunSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class SlowLinksTest {

    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);
    private static final int BYTES = 10_000;
    private static final int MOST = 3;
    /** Enough that timers for one moment overtake each other, if it were they that kept the order. */
    private static final int MESSAGES = 1_000;

    /** 10 KB take 80 ms, and then everything 30 ms to 40 ms. */
    private final SlowLinks links =
            new SlowLinks(new RunSettings.Links(Duration.ofMillis(30), Duration.ofMillis(10), 1_000_000), MOST);

    private final BlockingQueue<DataFrame> frames = new LinkedBlockingQueue<>();
    private final BlockingQueue<DataPlane.Outcome> outcomes = new LinkedBlockingQueue<>();
    private final DataPlane data = links.over(new DataPlane() {
        @Override
        public void attach(Member self, Consumer<Delivery> inbox) {}

        @Override
        public void detach(Member self) {}

        @Override
        public void offer(DataFrame frame, Consumer<Outcome> done) {
            frames.add(frame);
            done.accept(new Accepted());
        }
    });

    @AfterEach
    void close() {
        links.close();
    }

    private void offer(int index) {
        offer(index, BYTES);
    }

    private void offer(int index, int bytes) {
        data.offer(
                new DataFrame.Forward(
                        new Route("run", A, B),
                        new MicrobatchId(Purpose.TRAIN, 0, index),
                        1,
                        1,
                        Optional.empty(),
                        new byte[0],
                        new Payload(new byte[bytes], bytes)),
                outcomes::add);
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        return queue.poll(10, TimeUnit.SECONDS);
    }

    private static long millis(long since) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
    }

    @Test
    void framesTakeTheirTimeOnTheLineAndOnTheWayAndArriveInOrder() throws Exception {
        long began = System.nanoTime();
        offer(0);
        offer(1);

        assertThat(next(frames)).extracting("id").isEqualTo(new MicrobatchId(Purpose.TRAIN, 0, 0));
        assertThat(millis(began)).isGreaterThanOrEqualTo(110);
        assertThat(next(outcomes)).isEqualTo(new DataPlane.Accepted());
        assertThat(millis(began)).as("the answer has a way too").isGreaterThanOrEqualTo(140);
        assertThat(next(frames)).extracting("id").isEqualTo(new MicrobatchId(Purpose.TRAIN, 0, 1));
        assertThat(millis(began)).as("the line was busy").isGreaterThanOrEqualTo(190);
    }

    @Test
    void whatALineDoesNotHoldIsRefusedAtOnce() throws Exception {
        for (int index = 0; index <= MOST; index++) {
            offer(index);
        }

        assertThat(outcomes.poll()).isInstanceOfSatisfying(DataPlane.Refused.class, refused -> assertThat(
                        refused.refusal().reason())
                .isEqualTo(Refusal.Reason.NO_CREDIT));
        for (int index = 0; index < MOST; index++) {
            assertThat(next(outcomes)).isEqualTo(new DataPlane.Accepted());
        }
    }

    @Test
    void controlMessagesDoNotWaitForTensorsAndKeepTheirOrder() throws Exception {
        BlockingQueue<ControlMessage> messages = new LinkedBlockingQueue<>();
        List<Integer> seen = new CopyOnWriteArrayList<>();
        ControlPlane control = links.over(new ControlPlane() {
            @Override
            public void attach(Member self, Consumer<Envelope> inbox) {}

            @Override
            public void detach(Member self) {}

            @Override
            public void send(Envelope envelope) {
                seen.add(frames.size());
                messages.add(envelope.message());
            }
        });
        offer(0, 100 * BYTES);
        long began = System.nanoTime();
        for (int number = 0; number < MESSAGES; number++) {
            control.send(new Envelope(A, B, new ShardMessage.Redo(Epoch.NONE, number)));
        }
        for (int number = 0; number < MESSAGES; number++) {
            assertThat(next(messages)).isEqualTo(new ShardMessage.Redo(Epoch.NONE, number));
        }
        assertThat(millis(began)).isGreaterThanOrEqualTo(30);
        assertThat(seen).as("frames that were there when a message came").containsOnly(0);
    }

    @Test
    void withoutLinksThereIsNothingInBetween() {
        try (SlowLinks none = new SlowLinks(new RunSettings.Links(Duration.ZERO, Duration.ZERO, 0), MOST)) {
            assertThat(none.over(data)).isSameAs(data);
        }
    }
}
