package io.murmuration.cluster.membership;

import io.murmuration.actors.port.Membership;

/** Hears from the gateway what concerns the whole node; must hand over and return at once. */
public interface GatewayListener {

    /** Somebody came, went, or cannot be reached; in order. */
    void seen(Membership.Event event);

    /** The run is over, says who led it; told once. */
    void over(RunEnding ending);

    /** Everybody who can be reached knows that the run, which this node led, is over; told once. */
    void everybodyKnows();
}
