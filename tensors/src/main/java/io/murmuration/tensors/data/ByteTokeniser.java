package io.murmuration.tensors.data;

import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/** Every byte of UTF-8 is a token, its value the id. No id is left to end a document: a line feed does. */
final class ByteTokeniser implements Tokeniser {

    @Override
    public String name() {
        return "bytes";
    }

    @Override
    public int vocabulary() {
        return 1 << Byte.SIZE;
    }

    @Override
    public OptionalInt endOfText() {
        return OptionalInt.empty();
    }

    @Override
    public int[] encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[bytes.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Byte.toUnsignedInt(bytes[i]);
        }
        return ids;
    }

    @Override
    public byte[] bytes(int id) {
        return new byte[] {(byte) id};
    }
}
