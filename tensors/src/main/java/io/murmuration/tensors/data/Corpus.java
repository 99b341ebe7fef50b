package io.murmuration.tensors.data;

import java.util.Arrays;

/**
 * UTF-8 text cut in two: the last 5 % of its lines (at least one) are for validation, the rest for training. A line
 * includes its line feed.
 */
public final class Corpus {

    /** One line in so many is for validation. */
    private static final int LINES_PER_VALIDATION_LINE = 20;

    private final String name;
    private final byte[] train;
    private final byte[] validation;

    private Corpus(String name, byte[] train, byte[] validation) {
        this.name = name;
        this.train = train;
        this.validation = validation;
    }

    /**
     * Cuts a text in training and validation.
     *
     * @param name what messages call it
     * @throws DataException if there are fewer than two lines
     */
    static Corpus of(String name, byte[] text) {
        int lines = 0;
        for (byte b : text) {
            lines += b == '\n' ? 1 : 0;
        }
        if (text.length > 0 && text[text.length - 1] != '\n') {
            lines++;
        }
        if (lines < 2) {
            throw new DataException(name + ": expected at least 2 lines of text (the last 5 % of the lines are for"
                    + " validation), got " + lines);
        }
        int trainLines = lines - Math.max(1, lines / LINES_PER_VALIDATION_LINE);
        int end = 0;
        for (int line = 0; line < trainLines; end++) {
            line += text[end] == '\n' ? 1 : 0;
        }
        return new Corpus(name, Arrays.copyOf(text, end), Arrays.copyOfRange(text, end, text.length));
    }

    /** The path, or the name of the built-in text. */
    public String name() {
        return name;
    }

    /** The bytes to train on; not a copy, do not write to it. */
    public byte[] train() {
        return train;
    }

    /** The bytes to validate on; not a copy, do not write to it. */
    public byte[] validation() {
        return validation;
    }
}
