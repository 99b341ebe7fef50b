package io.murmuration.tensors.model;

import java.util.Arrays;

/**
 * Token ids of some sequences of equal length, and what each position should predict. The arrays are not copied: whoever
 * makes a batch does not change them afterwards.
 *
 * @param sequences number of sequences
 * @param length tokens per sequence
 * @param inputs {@code [sequences, length]}
 * @param targets {@code [sequences, length]}
 */
public record TokenBatch(int sequences, int length, int[] inputs, int[] targets) {

    public TokenBatch {
        if (sequences < 1 || length < 1 || inputs.length != sequences * length || targets.length != inputs.length) {
            throw new IllegalArgumentException("a batch of " + sequences + " x " + length + " tokens cannot have "
                    + inputs.length + " inputs and " + targets.length + " targets");
        }
    }

    /**
     * Inputs and targets out of runs of {@code length + 1} tokens: each token predicts the next one.
     *
     * @param tokens {@code [sequences, length + 1]}
     * @throws IllegalArgumentException if there are not that many tokens
     */
    public static TokenBatch shifted(int sequences, int length, int[] tokens) {
        if (sequences < 1 || tokens.length != sequences * (length + 1)) {
            throw new IllegalArgumentException(
                    "expected " + sequences + " runs of " + (length + 1) + " tokens, got " + tokens.length + " tokens");
        }
        int[] inputs = new int[sequences * length];
        int[] targets = new int[sequences * length];
        for (int sequence = 0; sequence < sequences; sequence++) {
            int from = sequence * (length + 1);
            System.arraycopy(tokens, from, inputs, sequence * length, length);
            System.arraycopy(tokens, from + 1, targets, sequence * length, length);
        }
        return new TokenBatch(sequences, length, inputs, targets);
    }

    /** One sequence that is only read, never predicted. */
    static TokenBatch prefix(int[] tokens) {
        return new TokenBatch(1, tokens.length, tokens, tokens);
    }

    int tokens() {
        return inputs.length;
    }

    /** @throws IllegalArgumentException naming the first id that is not in the vocabulary */
    void requireVocabulary(int vocabulary) {
        for (int[] ids : new int[][] {inputs, targets}) {
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] < 0 || ids[i] >= vocabulary) {
                    throw new IllegalArgumentException("token ids must lie in 0 to " + (vocabulary - 1)
                            + ", the one at " + i % length + " of sequence " + i / length + " is " + ids[i]);
                }
            }
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenBatch batch
                && sequences == batch.sequences
                && length == batch.length
                && Arrays.equals(inputs, batch.inputs)
                && Arrays.equals(targets, batch.targets);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(inputs) + Arrays.hashCode(targets);
    }
}
