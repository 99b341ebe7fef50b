package io.murmuration.faults.simulation.world;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/** Streams of chance, each by its name. */
final class Chances {

    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private Chances() {}

    /** The stream called {@code name} in the world of {@code seed}: independent of which other streams there are. */
    static SplittableRandom stream(long seed, String name) {
        long hash = FNV_OFFSET;
        for (byte each : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (each & 0xff)) * FNV_PRIME;
        }
        // Drawn once from each, so that neighbouring seeds and names have unrelated streams.
        return new SplittableRandom(new SplittableRandom(seed).nextLong() ^ new SplittableRandom(hash).nextLong());
    }

    /** A number of the standard normal distribution (Marsaglia's polar method, with a logarithm that is the same everywhere). */
    static double normal(SplittableRandom random) {
        while (true) {
            double x = 2 * random.nextDouble() - 1;
            double y = 2 * random.nextDouble() - 1;
            double square = x * x + y * y;
            if (square > 0 && square < 1) {
                return x * Math.sqrt(-2 * StrictMath.log(square) / square);
            }
        }
    }
}
