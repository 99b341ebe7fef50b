package io.murmuration.tensors.data;

/**
 * Cuts a corpus in windows and says which windows a microbatch holds. Window i covers the sequence + 1 tokens from token
 * i * sequence on: its first {@code sequence} tokens are the input, its last {@code sequence} the targets. Position p of
 * a run (sequences seen before) is window {@code order.sample(p)}, and sequence j of microbatch (step, index) is at
 * position {@code step * batch + index * microbatch + j}, steps counted from 0.
 */
public final class Batches {

    private final Tokeniser tokeniser;
    private final Tokens train;
    private final Tokens validation;
    private final SampleOrder order;
    private final int sequence;
    private final int batch;
    private final int microbatch;

    /**
     * @param seed of the order of samples
     * @param sequence tokens per sequence
     * @param batch sequences per step
     * @param microbatch sequences per microbatch; divides {@code batch}
     * @throws DataException if the training or the validation part has not one window; names the corpus
     */
    public Batches(Corpus corpus, long seed, int sequence, int batch, int microbatch) {
        if (sequence < 1 || microbatch < 1 || batch < microbatch || batch % microbatch != 0) {
            throw new IllegalArgumentException("expected a sequence of at least 1 and a microbatch that divides the"
                    + " batch, got sequence " + sequence + ", batch " + batch + ", microbatch " + microbatch);
        }
        this.tokeniser = corpus.tokeniser();
        this.train = corpus.train();
        this.validation = corpus.validation();
        this.sequence = sequence;
        this.batch = batch;
        this.microbatch = microbatch;
        requireWindow(corpus, "training", train);
        requireWindow(corpus, "validation", validation);
        this.order = new SampleOrder(seed, windows(train));
    }

    /** Microbatches of a step. */
    public int microbatches() {
        return batch / microbatch;
    }

    /** Windows of the training part. */
    public long trainWindows() {
        return windows(train);
    }

    /** Windows of the validation part. */
    public long validationWindows() {
        return windows(validation);
    }

    /** Sequences that a run has seen before this step. */
    public long position(long step) {
        return Math.multiplyExact(step, (long) batch);
    }

    /**
     * Token ids of a microbatch, {@code [microbatch, sequence + 1]}: inputs without the last column, targets without
     * the first.
     *
     * @param step from 0
     * @param index 0 to below {@link #microbatches()}
     */
    public int[] microbatch(long step, int index) {
        if (step < 0 || index < 0 || index >= microbatches()) {
            throw new IllegalArgumentException("expected a step from 0 and an index of 0 to " + (microbatches() - 1)
                    + ", got step " + step + ", index " + index);
        }
        int[] ids = new int[microbatch * (sequence + 1)];
        for (int j = 0; j < microbatch; j++) {
            copy(train, order.sample(position(step) + (long) index * microbatch + j), ids, j);
        }
        return ids;
    }

    /** Token ids of one validation window, {@code [sequence + 1]}, in the order of the text. */
    public int[] validation(long window) {
        return validation(window, 1);
    }

    /** Token ids of consecutive validation windows, {@code [count, sequence + 1]}. */
    public int[] validation(long firstWindow, int count) {
        if (firstWindow < 0 || count < 1 || count > validationWindows() - firstWindow) {
            throw new IllegalArgumentException("expected windows within " + validationWindows() + ", got " + count
                    + " from " + firstWindow + " on");
        }
        int[] ids = new int[count * (sequence + 1)];
        for (int j = 0; j < count; j++) {
            copy(validation, firstWindow + j, ids, j);
        }
        return ids;
    }

    /**
     * Bytes of text per target token in the first validation windows: what makes a loss per token one per byte. Not a
     * number if the tokeniser has no text, or the ids are not its own.
     */
    public double bytesPerToken(int windows) {
        long bytes = 0;
        for (int window = 0; window < windows; window++) {
            int[] ids = validation(window);
            for (int i = 1; i < ids.length; i++) {
                if (ids[i] >= tokeniser.vocabulary()) {
                    return Double.NaN;
                }
                bytes += tokeniser.bytes(ids[i]).length;
            }
        }
        return windows == 0 ? Double.NaN : bytes / ((double) windows * sequence);
    }

    private void copy(Tokens tokens, long window, int[] ids, int row) {
        int width = sequence + 1;
        tokens.copy(window * sequence, width, ids, row * width);
    }

    private long windows(Tokens tokens) {
        return (tokens.length() - 1) / sequence;
    }

    private void requireWindow(Corpus corpus, String part, Tokens tokens) {
        if (tokens.length() <= sequence) {
            throw new DataException(corpus.name() + ": expected at least " + (sequence + 1) + " tokens in the " + part
                    + " part, got " + tokens.length());
        }
    }
}
