package io.murmuration.faults.simulation.compute;

import java.util.List;

/** The checkpoints on the disk of a node; they outlive its lives. */
public interface NodeStorage {

    /** Versions of which there is a checkpoint, whole or not, rising. */
    List<Long> versions();

    /** Versions whose checkpoint is as it was written, by its digests. */
    List<Long> intact();

    /**
     * Changes one bit of the newest checkpoint.
     *
     * @param chance says which one
     * @return false if there is none
     */
    boolean flipBit(long chance);

    /** Cuts the second half off a file of the newest checkpoint; false if there is none. */
    boolean truncate();
}
