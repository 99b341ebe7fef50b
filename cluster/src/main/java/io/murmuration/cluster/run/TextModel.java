package io.murmuration.cluster.run;

import io.murmuration.tensors.data.Tokeniser;

/** A trained model that says what comes next. Not thread-safe. */
public interface TextModel extends AutoCloseable {

    /** Number of token ids; at least as many as the tokeniser has. */
    int vocabulary();

    /** What its token ids mean. */
    Tokeniser tokeniser();

    /** Most tokens it can look back on. */
    int sequence();

    /**
     * Scores of every token id as the one that follows.
     *
     * @param prefix token ids so far, 1 to {@link #sequence()} of them
     * @return {@link #vocabulary()} logits; the caller may change the array
     */
    float[] next(int[] prefix);

    @Override
    void close();
}
