package io.murmuration.faults.simulation.world;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ticker;

/** What one life of a node sees of the world; when that life is over they do nothing. */
public record NodePorts(DataPlane data, ControlPlane control, Membership membership, Ticker ticker) {}
