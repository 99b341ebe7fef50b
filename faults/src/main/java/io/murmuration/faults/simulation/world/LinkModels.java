package io.murmuration.faults.simulation.world;

/** What each direction between two nodes is like when nothing is wrong; asked once for each that is used. */
@FunctionalInterface
public interface LinkModels {
    LinkModel between(String from, String to);
}
