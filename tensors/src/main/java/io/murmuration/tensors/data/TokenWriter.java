package io.murmuration.tensors.data;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Writes the ids of a text that comes in pieces, as if it had come whole, in bounded memory.
 *
 * <p>Between a character that is no white space and a space or line feed every token of {@code bytes} and {@code gpt2}
 * ends, whatever stands around: GPT-2's pattern takes white space only at the start of a token. So the text is cut there.
 */
final class TokenWriter {

    /** Characters that are collected before they are encoded. */
    private static final int ENOUGH = 1 << 16;

    /** A word that is longer is cut all the same: it would have to be held, and encoded, as a whole. */
    static final int MAX_WORD = 1 << 20;

    private static final int IDS = 8192;

    private final Tokeniser tokeniser;
    private final OutputStream out;
    private final int width;
    private final StringBuilder pending = new StringBuilder();
    private long written;

    /** @param width bytes of an id: 1, 2 or 4, little-endian */
    TokenWriter(Tokeniser tokeniser, int width, OutputStream out) {
        this.tokeniser = tokeniser;
        this.width = width;
        this.out = out;
    }

    /** The least width that holds every id of a vocabulary. */
    static int width(int vocabulary) {
        return vocabulary <= 1 << Byte.SIZE ? 1 : vocabulary <= 1 << Short.SIZE ? 2 : 4;
    }

    void text(char[] buffer, int from, int to) throws IOException {
        for (int at = from; at < to; at += ENOUGH) {
            pending.append(buffer, at, Math.min(ENOUGH, to - at));
            if (pending.length() >= ENOUGH) {
                int cut = safeCut();
                encode(cut);
            }
        }
    }

    /** Encodes what is left; what comes next has nothing to do with it. */
    void flush() throws IOException {
        encode(pending.length());
    }

    void id(int id) throws IOException {
        ids(new int[] {id});
    }

    /** Ids written so far. */
    long written() {
        return written;
    }

    /** Where the collected text may be cut: 0 for nowhere yet. */
    private int safeCut() {
        for (int i = pending.length() - 1; i > 0; i--) {
            char after = pending.charAt(i);
            if ((after == ' ' || after == '\n') && !isWhite(pending.charAt(i - 1))) {
                return i;
            }
        }
        boolean halfPair = Character.isHighSurrogate(pending.charAt(pending.length() - 1));
        return pending.length() < MAX_WORD ? 0 : pending.length() - (halfPair ? 1 : 0);
    }

    /** More than Unicode's white space, which costs nothing but a later cut. */
    private static boolean isWhite(char character) {
        return Character.isWhitespace(character)
                || Character.isSpaceChar(character)
                || Character.isISOControl(character);
    }

    private void encode(int characters) throws IOException {
        if (characters > 0) {
            ids(tokeniser.encode(pending.substring(0, characters)));
            pending.delete(0, characters);
        }
    }

    private void ids(int[] ids) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(IDS * width).order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < ids.length; from += IDS) {
            bytes.clear();
            for (int i = from; i < Math.min(ids.length, from + IDS); i++) {
                switch (width) {
                    case 1 -> bytes.put((byte) ids[i]);
                    case 2 -> bytes.putShort((short) ids[i]);
                    default -> bytes.putInt(ids[i]);
                }
            }
            out.write(bytes.array(), 0, bytes.position());
        }
        written += ids.length;
    }
}
