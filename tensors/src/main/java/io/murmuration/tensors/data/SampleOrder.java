package io.murmuration.tensors.data;

/**
 * The order in which a run sees its samples: every epoch is another permutation of all samples, computed one by one
 * from the seed. Nothing is stored and nothing is sent, so everybody knows the samples of every microbatch.
 *
 * <p>A balanced Feistel network over the next even number of bits, with cycle walking for what falls outside (Black and
 * Rogaway, "Ciphers with arbitrary finite domains", 2002). It shuffles; it is no secret.
 *
 * @param seed the run's seed
 * @param samples number of samples, at least 1
 */
public record SampleOrder(long seed, long samples) {

    /** Four rounds make a Feistel network a pseudo-random permutation (Luby and Rackoff); two more cost nothing here. */
    private static final int ROUNDS = 6;

    /** 2^64 divided by the golden ratio, the increment of SplitMix64. */
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    /** Keeps the halves within 31 bits each. */
    private static final long MAX_SAMPLES = 1L << 62;

    public SampleOrder {
        if (samples < 1 || samples > MAX_SAMPLES) {
            throw new IllegalArgumentException("samples must be 1 to " + MAX_SAMPLES + ", was " + samples);
        }
    }

    /**
     * The sample at a position of the run.
     *
     * @param position from 0; each run of {@code samples} positions is an epoch
     * @return 0 to below {@code samples}
     */
    public long sample(long position) {
        if (position < 0) {
            throw new IllegalArgumentException("position must be at least 0, was " + position);
        }
        return permuted(position / samples, position % samples);
    }

    private long permuted(long epoch, long index) {
        int bits = Long.SIZE - Long.numberOfLeadingZeros(samples - 1);
        int half = Math.max(1, (bits + 1) / 2);
        long key = mix(seed ^ mix(epoch));
        long walked = index;
        do { // the domain is less than four times the samples, so this takes four turns on average at most
            walked = feistel(key, half, walked);
        } while (walked >= samples);
        return walked;
    }

    private static long feistel(long key, int half, long value) {
        long mask = (1L << half) - 1;
        long left = value >>> half;
        long right = value & mask;
        for (int round = 0; round < ROUNDS; round++) {
            long next = left ^ (mix(key + round * GOLDEN_GAMMA + right) & mask);
            left = right;
            right = next;
        }
        return left << half | right;
    }

    /** One output of SplitMix64 (Steele, Lea and Flood, 2014). */
    private static long mix(long value) {
        long z = value + GOLDEN_GAMMA;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
