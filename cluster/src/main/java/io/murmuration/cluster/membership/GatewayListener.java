package io.murmuration.cluster.membership;

import io.murmuration.actors.port.Membership;
import java.util.concurrent.CompletableFuture;

/** Hears from the gateway what concerns the whole node; must hand over and return at once. */
public interface GatewayListener {

    /** Somebody came, went, or cannot be reached; in order. */
    void seen(Membership.Event event);

    /** The run is over, says who led it; told once. */
    void over(RunEnding ending);

    /** Whether the run is to stand still, for whoever leads it; told with every change. */
    void paused(boolean paused);

    /** A checkpoint is wanted of the run, which this node leads; {@code answer} is to be completed, by any thread. */
    void checkpoint(CompletableFuture<OrderAnswer> answer);

    /** This node is to leave. */
    void leave();

    /** Another process of this node's name was in the cluster before this one: this one is not to go on. */
    void namesake(String where);

    /** Everybody who can be reached knows that the run, which this node led, is over; told once. */
    void everybodyKnows();
}
