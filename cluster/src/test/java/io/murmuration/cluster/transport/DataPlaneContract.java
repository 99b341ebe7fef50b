package io.murmuration.cluster.transport;

import static io.murmuration.cluster.transport.Frames.RECEIVER;
import static io.murmuration.cluster.transport.Frames.SENDER;
import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What every data plane does, whatever carries it. */
abstract class DataPlaneContract {

    /** Long for a busy machine; nothing here waits for it to pass. */
    static final Duration SOON = Duration.ofSeconds(10);

    /** Where {@link Frames#SENDER} is. */
    abstract DataPlane sending();

    /** Where {@link Frames#RECEIVER} is; may be the same. */
    abstract DataPlane receiving();

    final BlockingQueue<DataPlane.Outcome> outcomes = new LinkedBlockingQueue<>();
    final BlockingQueue<DataPlane.Delivery> deliveries = new LinkedBlockingQueue<>();

    static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(SOON.toMillis(), TimeUnit.MILLISECONDS);
        assertThat(next).as("nothing came within %s", SOON).isNotNull();
        return next;
    }

    @Test
    void what_is_offered_arrives_as_it_was_and_the_answer_comes_back() throws InterruptedException {
        receiving().attach(RECEIVER, deliveries::add);
        List<DataFrame> frames = List.of(
                Frames.forward(0, 1024, 100_000),
                Frames.forward(1, 1, 0),
                Frames.forward(2, 0, 0),
                Frames.backward(3, 0),
                Frames.backward(4, 3_000_000),
                Frames.chunk(5, 5_000_001),
                new DataFrame.AveragePart(Frames.ROUTE, 1, 2, 3, true, Frames.payload(6, 256 * 1024)),
                new DataFrame.StateManifest(Frames.ROUTE, 0, 1, Frames.payload(7, 12)));
        for (DataFrame frame : frames) {
            sending().offer(frame, outcomes::add);
            DataPlane.Delivery delivery = next(deliveries);
            assertThat(Frames.content(delivery.frame())).isEqualTo(Frames.content(frame));
            delivery.accept();
            assertThat(next(outcomes)).isEqualTo(new DataPlane.Accepted());
        }
    }

    @Test
    void a_refusal_comes_back_with_its_reason_and_only_the_first_answer_counts() throws InterruptedException {
        receiving().attach(RECEIVER, deliveries::add);
        sending().offer(Frames.forward(1, 4, 10), outcomes::add);
        Refusal refusal = Refusal.of(Refusal.Reason.NOT_OPEN, "step 3 is not open; it is step 4 - \u00e4");
        DataPlane.Delivery delivery = next(deliveries);
        delivery.refuse(refusal);
        delivery.accept();
        assertThat(next(outcomes)).isEqualTo(new DataPlane.Refused(refusal));
        sending().offer(Frames.forward(2, 4, 10), outcomes::add);
        next(deliveries).accept();
        assertThat(next(outcomes)).isEqualTo(new DataPlane.Accepted());
        assertThat(outcomes).isEmpty();
    }

    @Test
    void frames_of_a_class_arrive_in_the_order_of_their_offers() throws InterruptedException {
        receiving().attach(RECEIVER, delivery -> {
            deliveries.add(delivery);
            delivery.accept();
        });
        int count = 200;
        for (int i = 0; i < count; ) {
            sending().offer(Frames.chunk(i, i * 37 % 1000), outcomes::add);
            // What is refused for want of room comes again when something has been answered.
            i += next(outcomes) instanceof DataPlane.Accepted ? 1 : 0;
        }
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            order.add(((DataFrame.StateChunk) next(deliveries).frame()).index());
        }
        assertThat(order).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void who_does_not_drain_is_sent_a_bounded_amount_and_the_rest_is_refused() throws InterruptedException {
        receiving().attach(RECEIVER, deliveries::add);
        AtomicInteger refused = new AtomicInteger();
        AtomicInteger other = new AtomicInteger();
        int count = 400;
        for (int i = 0; i < count; i++) {
            sending().offer(Frames.chunk(i, 100_000), outcome -> {
                if (outcome instanceof DataPlane.Refused(Refusal refusal)
                        && refusal.reason() == Refusal.Reason.NO_CREDIT) {
                    refused.incrementAndGet();
                } else if (!(outcome instanceof DataPlane.Accepted)) {
                    other.incrementAndGet();
                }
                outcomes.add(outcome);
            });
        }
        assertThat(refused.get()).isGreaterThan(count / 2);
        int taken = count - refused.get();
        for (int i = 0; i < taken; i++) {
            next(deliveries).accept();
        }
        for (int i = 0; i < count; i++) {
            next(outcomes);
        }
        assertThat(deliveries).isEmpty();
        assertThat(other.get()).isZero();
    }

    @Test
    void classes_do_not_wait_for_each_other() throws InterruptedException {
        receiving().attach(RECEIVER, deliveries::add);
        for (int i = 0; i < 100; i++) {
            sending().offer(Frames.chunk(i, 100_000), outcomes::add);
        }
        BlockingQueue<DataPlane.Outcome> back = new LinkedBlockingQueue<>();
        sending().offer(Frames.backward(1, 1000), back::add);
        DataPlane.Delivery delivery = next(deliveries);
        while (!(delivery.frame() instanceof DataFrame.Backward)) {
            delivery = next(deliveries);
        }
        delivery.accept();
        assertThat(next(back)).isEqualTo(new DataPlane.Accepted());
    }

    @Test
    void who_is_not_there_makes_an_offer_fail() throws InterruptedException {
        sending().offer(Frames.chunk(1, 10), outcomes::add);
        assertThat(next(outcomes)).isInstanceOfSatisfying(DataPlane.Failed.class, failed -> assertThat(failed.reason())
                .contains(RECEIVER + " is not there"));

        Member earlier = new Member(RECEIVER.peer(), RECEIVER.incarnation() - 1);
        receiving().attach(RECEIVER, deliveries::add);
        sending()
                .offer(
                        new DataFrame.StateManifest(new Route("run-1", SENDER, earlier), 0, 1, Frames.payload(7, 12)),
                        outcomes::add);
        assertThat(next(outcomes)).isInstanceOf(DataPlane.Failed.class);
        assertThat(deliveries).isEmpty();
    }

    @Test
    void what_is_unanswered_fails_once_when_its_receiver_goes() throws InterruptedException {
        receiving().attach(RECEIVER, deliveries::add);
        for (int i = 0; i < 5; i++) {
            sending().offer(Frames.chunk(i, 1000), outcomes::add);
        }
        List<DataPlane.Delivery> held = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            held.add(next(deliveries));
        }
        receiving().detach(RECEIVER);
        for (int i = 0; i < 5; i++) {
            assertThat(next(outcomes))
                    .isInstanceOfSatisfying(DataPlane.Failed.class, failed -> assertThat(failed.reason())
                            .contains("is gone"));
        }
        held.forEach(DataPlane.Delivery::accept);
        receiving().attach(RECEIVER, deliveries::add);
        sending().offer(Frames.chunk(9, 1), outcomes::add);
        next(deliveries).accept();
        assertThat(next(outcomes)).isEqualTo(new DataPlane.Accepted());
        assertThat(outcomes).isEmpty();
    }
}
