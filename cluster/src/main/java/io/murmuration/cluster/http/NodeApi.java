package io.murmuration.cluster.http;

import io.murmuration.cluster.membership.NodeStatus;
import io.murmuration.cluster.membership.Order;
import io.murmuration.cluster.membership.OrderAnswer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** What a node lets be asked of it. Thread-safe. */
public interface NodeApi {

    /** What it knows now. */
    NodeStatus status();

    /**
     * Gives an order to the node of this name, or, if it says none, to the one that leads the run.
     *
     * @return completed by any thread, or never if the answer is lost
     */
    CompletableFuture<OrderAnswer> order(Order order, Optional<String> node);
}
