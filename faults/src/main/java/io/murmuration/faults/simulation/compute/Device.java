package io.murmuration.faults.simulation.compute;

/**
 * How fast one core of a node computes in virtual time, at speed 1.
 *
 * @param flops floating-point operations a second in a stage's matrix products
 * @param memoryBytes bytes a second of passes over vectors in memory
 * @param digestBytes bytes a second through SHA-256
 * @param diskBytes bytes a second to and from the disk, whatever the speed of the device
 * @param overheadNanos what every task costs beside its work
 */
public record Device(double flops, double memoryBytes, double digestBytes, double diskBytes, long overheadNanos) {

    /**
     * A core of the machine of docs/benchmarks.md, which computes {@code tiny} with 141 GFLOP/s in two threads; its memory
     * and its SHA instructions as they are usual, the disk of a cloud machine, and the 20 us that a small call takes.
     */
    public static final Device USUAL = new Device(70e9, 8e9, 1.2e9, 250e6, 20_000);

    /** The same with another rate of matrix products. */
    public Device flops(double other) {
        return new Device(other, memoryBytes, digestBytes, diskBytes, overheadNanos);
    }

    public Device {
        if (!(flops > 0 && memoryBytes > 0 && digestBytes > 0 && diskBytes > 0 && overheadNanos >= 0)) {
            throw new IllegalArgumentException("a device's rates are to be above 0, got " + flops + ", " + memoryBytes
                    + ", " + digestBytes + ", " + diskBytes + " and " + overheadNanos + " ns");
        }
    }
}
