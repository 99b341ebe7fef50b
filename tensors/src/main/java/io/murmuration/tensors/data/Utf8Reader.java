package io.murmuration.tensors.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Decodes UTF-8 from front to back in bounded memory and refuses anything else with its place. */
final class Utf8Reader {

    private static final int BUFFER = 1 << 16;

    /** Takes what was read; the array is used again. Both halves of a surrogate pair come together. */
    interface Sink {
        void characters(char[] buffer, int count) throws IOException;
    }

    private Utf8Reader() {}

    /** @throws DataException naming the file and the offset of the first byte that is not UTF-8 */
    static void read(String name, InputStream in, Sink sink) throws IOException {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.allocate(BUFFER);
        CharBuffer characters = CharBuffer.allocate(BUFFER);
        long offset = 0;
        boolean end = false;
        while (!end) {
            int count = in.read(bytes.array(), bytes.position(), bytes.remaining());
            end = count < 0;
            bytes.position(bytes.position() + Math.max(0, count)).flip();
            CoderResult result;
            do {
                int before = bytes.position();
                result = decoder.decode(bytes, characters, end);
                offset += bytes.position() - before;
                sink.characters(characters.array(), characters.position());
                characters.clear();
            } while (result.isOverflow());
            if (result.isError()) {
                throw new DataException(name + ": expected UTF-8, got other bytes at offset " + offset);
            }
            bytes.compact();
        }
    }
}
