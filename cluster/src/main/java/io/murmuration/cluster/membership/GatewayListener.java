package io.murmuration.cluster.membership;

/** Hears from the gateway what concerns the whole node; must hand over and return at once. */
public interface GatewayListener {

    /** The run is over, says who led it; told once. */
    void over(RunEnding ending);

    /** Everybody who can be reached knows that the run, which this node led, is over; told once. */
    void everybodyKnows();
}
