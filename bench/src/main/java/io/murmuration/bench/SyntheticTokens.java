package io.murmuration.bench;

import java.util.SplittableRandom;

/**
 * Text that a model can learn without a corpus: each token follows from the one before by a fixed rule, with two bits of
 * noise. What is to be learned is known: the loss falls from ln(vocabulary) towards ln(4).
 */
final class SyntheticTokens {

    private static final int NOISE = 4;
    private static final int STRIDE = 37;
    private static final int SHIFT = 11;

    private final SplittableRandom random;
    private final int vocabulary;

    SyntheticTokens(long seed, int vocabulary) {
        this.random = new SplittableRandom(seed);
        this.vocabulary = vocabulary;
    }

    /** {@code runs} independent runs of {@code length} tokens, one after the other. */
    int[] next(int runs, int length) {
        int[] tokens = new int[runs * length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = i % length == 0
                    ? random.nextInt(vocabulary)
                    : (tokens[i - 1] * STRIDE + SHIFT + random.nextInt(NOISE)) % vocabulary;
        }
        return tokens;
    }
}
