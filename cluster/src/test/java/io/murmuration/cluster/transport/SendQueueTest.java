package io.murmuration.cluster.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.cluster.serialization.FrameCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Windows, waits and rates, without a socket. */
final class SendQueueTest {

    @Property(tries = 500)
    void every_offer_ends_once_and_what_is_under_way_stays_within_the_window(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        SendQueue queue = new SendQueue(10, 50_000, 20_000);
        long window = 30_000;
        Map<Integer, Integer> ended = new HashMap<>();
        List<Long> open = new ArrayList<>();
        int offered = 0;
        for (int i = 0; i < 300; i++) {
            switch (random.nextInt(6)) {
                case 0, 1, 2 -> {
                    int number = offered++;
                    SendQueue.Offer offer = new SendQueue.Offer(
                            FrameCodec.encode(Frames.chunk(number, random.nextInt(25_000))),
                            outcome -> ended.merge(number, 1, Integer::sum));
                    queue.offer(offer, "beta")
                            .ifPresent(refusal -> offer.done().accept(new DataPlane.Refused(refusal)));
                    assertThat(queue.waiting()).isLessThanOrEqualTo(10);
                }
                case 3 -> {
                    Optional<SendQueue.Numbered> next = queue.next();
                    next.ifPresent(numbered -> open.add(numbered.id()));
                    assertThat(queue.unansweredBytes() <= window || open.size() == 1)
                            .isTrue();
                }
                case 4 -> {
                    if (!open.isEmpty()) {
                        long id = open.remove(random.nextInt(open.size()));
                        queue.answered(id).orElseThrow().done().accept(new DataPlane.Accepted());
                        assertThat(queue.answered(id)).isEmpty();
                    }
                }
                default -> {
                    if (random.nextInt(10) == 0) {
                        queue.drain().forEach(offer -> offer.done().accept(new DataPlane.Failed("lost")));
                        open.clear();
                        assertThat(queue.next()).isEmpty();
                        queue.opened(window, 20_000);
                    }
                }
            }
        }
        queue.drain().forEach(offer -> offer.done().accept(new DataPlane.Failed("lost")));
        assertThat(ended).hasSize(offered).allSatisfy((number, times) -> assertThat(times)
                .isEqualTo(1));
    }

    @Property
    void the_wait_doubles_to_its_bound_and_starts_over_after_a_success(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 100) int failures) {
        Backoff backoff = new Backoff(Duration.ofMillis(50), Duration.ofSeconds(5), new SplittableRandom(seed));
        double bound = 50;
        for (int i = 0; i < failures; i++) {
            assertThat(backoff.failed())
                    .isBetween(Duration.ofNanos((long) (bound * 500_000)), Duration.ofNanos((long) (bound * 1e6)));
            bound = Math.min(2 * bound, 5000);
        }
        assertThat(backoff.failures()).isEqualTo(failures);
        backoff.succeeded();
        assertThat(backoff.failed()).isLessThanOrEqualTo(Duration.ofMillis(50));
    }

    @Property
    void the_rate_is_kept_whatever_the_pieces(
            @ForAll long seed, @ForAll @IntRange(min = 1000, max = 1_000_000) int rate) {
        SplittableRandom random = new SplittableRandom(seed);
        int burst = 1000;
        TokenBucket bucket = new TokenBucket(rate, burst, 0);
        long now = 0;
        long sent = 0;
        int largest = 2000;
        for (int i = 0; i < 200; i++) {
            now += bucket.delay(now);
            assertThat(bucket.delay(now)).isZero();
            int some = random.nextInt(1, largest);
            bucket.spend(some, now);
            sent += some;
        }
        double allowed = burst + rate * (now / 1e9) + largest;
        assertThat((double) sent).isBetween(allowed - burst - 2.0 * largest, allowed + 1);
    }
}
