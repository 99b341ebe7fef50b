package io.murmuration.faults.simulation.world;

/** How the world works where a scenario says nothing. */
public record WorldSettings(NetworkSettings network, MembershipSettings membership) {
    public static final WorldSettings DEFAULT = new WorldSettings(NetworkSettings.DEFAULT, MembershipSettings.DEFAULT);
}
