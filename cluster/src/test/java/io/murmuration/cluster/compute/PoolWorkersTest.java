package io.murmuration.cluster.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Workers;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PoolWorkersTest {

    private final ThreadPoolExecutor pool = (ThreadPoolExecutor) Executors.newFixedThreadPool(2);
    private final Workers workers = new PoolWorkers(pool, 2);

    @AfterEach
    void close() {
        pool.shutdownNow();
    }

    /** How often each piece was done. */
    private static List<Integer> counts(Workers workers, int pieces) {
        AtomicIntegerArray counts = new AtomicIntegerArray(pieces);
        workers.run(pieces, counts::incrementAndGet);
        return IntStream.range(0, pieces).mapToObj(counts::get).toList();
    }

    @Test
    void every_piece_is_done_once() {
        for (int pieces : new int[] {0, 1, 2, 3, 1000}) {
            assertThat(counts(workers, pieces)).hasSize(pieces).allMatch(count -> count == 1);
        }
    }

    @Test
    void threads_of_the_pool_take_part() {
        CountDownLatch both = new CountDownLatch(2);
        workers.run(2, piece -> {
            both.countDown();
            try {
                both.await(); // returns only when somebody else does the other piece meanwhile
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertThat(both.getCount()).isZero();
    }

    @Test
    void a_pool_whose_threads_all_call_it_does_not_wait_for_itself() throws Exception {
        List<Future<List<Integer>>> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            calls.add(pool.submit(() -> counts(workers, 50)));
        }
        for (Future<List<Integer>> call : calls) {
            assertThat(call.get()).allMatch(count -> count == 1);
        }
    }

    @Test
    void a_closed_pool_leaves_all_pieces_to_the_caller() {
        pool.shutdown();
        assertThat(counts(workers, 10)).allMatch(count -> count == 1);
    }

    @Test
    void a_busy_pool_queues_no_more_than_its_helpers_and_keeps_nothing_of_calls_that_are_over() throws Exception {
        CountDownLatch busy = new CountDownLatch(1);
        for (int i = 0; i < 2; i++) {
            pool.execute(() -> await(busy));
        }
        WeakReference<byte[]> buffer = runWithBuffer();
        for (int i = 0; i < 100; i++) {
            assertThat(counts(workers, 5)).allMatch(count -> count == 1);
        }
        assertThat(pool.getQueue()).hasSizeLessThanOrEqualTo(2);
        while (buffer.get() != null) { // until the test's own limit
            System.gc();
            Thread.sleep(10);
        }

        busy.countDown();
        pool.submit(() -> {}).get();
        threads_of_the_pool_take_part();
    }

    private WeakReference<byte[]> runWithBuffer() {
        byte[] buffer = new byte[1 << 20];
        workers.run(5, piece -> buffer[piece] = 1);
        return new WeakReference<>(buffer);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A task that waited behind others helps a call that came later. */
    @Test
    void a_task_that_was_queued_for_one_call_helps_the_next() {
        List<Runnable> queue = new ArrayList<>();
        Workers one = new PoolWorkers(queue::add, 1);
        one.run(2, piece -> {});
        List<Integer> done = new ArrayList<>();
        one.run(3, piece -> {
            if (piece == 0) {
                queue.removeFirst().run(); // a thread comes by, and does what is left
            }
            done.add(piece);
        });
        assertThat(done).containsExactly(1, 2, 0);
        assertThat(queue).isEmpty();
        one.run(2, piece -> {});
        assertThat(queue).as("the place is free again").hasSize(1);
    }

    @Test
    void the_lowest_failure_is_thrown_when_nothing_is_under_way_any_more() {
        for (int round = 0; round < 200; round++) {
            assertThatThrownBy(() -> workers.run(100, piece -> {
                        if (piece >= 30) {
                            throw new IllegalStateException("piece " + piece);
                        }
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("piece 30");
        }
    }
}
