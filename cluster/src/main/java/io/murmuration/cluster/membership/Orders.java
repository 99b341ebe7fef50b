package io.murmuration.cluster.membership;

import io.murmuration.cluster.transport.NodeIdentity;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Orders that went to other nodes and were not answered yet. Not thread-safe: the gateway owns it. */
final class Orders {

    /** Orders that wait; the oldest is given up for one more. A person gives one at a time. */
    static final int MOST_WAITING = 64;

    /** Numbers of one life begin with it, so that no answer to an earlier one is taken for its own. */
    private static final int LIFE_SHIFT = 24;

    private final Map<Long, CompletableFuture<OrderAnswer>> waiting = new LinkedHashMap<>();
    private long last;

    Orders(NodeIdentity self) {
        this.last = self.life() << LIFE_SHIFT;
    }

    /** @return the number under which the answer comes */
    long sent(CompletableFuture<OrderAnswer> answer) {
        waiting.values().removeIf(CompletableFuture::isDone);
        if (waiting.size() == MOST_WAITING) {
            Iterator<CompletableFuture<OrderAnswer>> oldest = waiting.values().iterator();
            oldest.next().complete(OrderAnswer.notNow("too many orders wait for their answers"));
            oldest.remove();
        }
        waiting.put(++last, answer);
        return last;
    }

    /** Answers that come twice, too late, or to nothing are passed over. */
    void answered(long number, OrderAnswer answer) {
        Optional.ofNullable(waiting.remove(number)).ifPresent(order -> order.complete(answer));
    }
}
