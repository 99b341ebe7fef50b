package io.murmuration.tensors.data;

/**
 * Token ids cut in two: the last 5 % are for validation, the rest for training. Text is cut between lines (the last 5 %
 * of them, at least one), whatever the tokeniser, so every tokeniser is tried on the same text; token files between ids.
 *
 * @param name the path, or the name of the built-in text
 * @param tokeniser made the ids
 */
public record Corpus(String name, Tokeniser tokeniser, Tokens train, Tokens validation) {

    /** One line, or token, in so many is for validation. */
    private static final int ONE_IN = 20;

    private static final int BLOCK = 8192;

    /** How many of so many lines or tokens are for validation. */
    static long share(long all) {
        return Math.max(1, all / ONE_IN);
    }

    /** @throws DataException if a text of so many lines cannot be cut */
    static void requireLines(String name, long lines) {
        if (lines < 2) {
            throw new DataException(name + ": expected at least 2 lines of text (the last 5 % of the lines are for"
                    + " validation), got " + lines);
        }
    }

    /**
     * Cuts a text of bytes.
     *
     * @param lines how many it has
     * @throws DataException if there are fewer than two
     */
    static Corpus ofLines(String name, Tokeniser tokeniser, Tokens bytes, long lines) {
        requireLines(name, lines);
        return ofTokens(name, tokeniser, bytes, bytes.length() - lastLines(bytes, share(lines)));
    }

    /** Cuts after so many tokens. */
    static Corpus ofTokens(String name, Tokeniser tokeniser, Tokens tokens, long train) {
        return new Corpus(name, tokeniser, tokens.slice(0, train), tokens.slice(train, tokens.length() - train));
    }

    /** Bytes that the last lines take. From the end: there is most often much less to look at. */
    private static long lastLines(Tokens bytes, long lines) {
        int[] block = new int[BLOCK];
        // The last byte belongs to the last line whether it ends it or not.
        long at = bytes.length() - 1;
        long left = lines;
        while (at > 0) {
            int count = (int) Math.min(BLOCK, at);
            bytes.copy(at - count, count, block, 0);
            for (int i = count - 1; i >= 0; i--) {
                left -= block[i] == '\n' ? 1 : 0;
                if (left == 0) {
                    return bytes.length() - (at - count + i + 1);
                }
            }
            at -= count;
        }
        return bytes.length();
    }
}
