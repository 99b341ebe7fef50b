package io.murmuration.cluster.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PoolWorkersTest {

    private final ExecutorService pool = Executors.newFixedThreadPool(2);
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
