package io.murmuration.tensors.data;

import java.util.OptionalInt;

/** For token files that another program made with a tokeniser unknown here: ids go in, and no text comes out. */
final class NoTokeniser implements Tokeniser {

    @Override
    public String name() {
        return "none";
    }

    @Override
    public int vocabulary() {
        return 0;
    }

    @Override
    public OptionalInt endOfText() {
        return OptionalInt.empty();
    }

    @Override
    public int[] encode(String text) {
        throw new DataException("text cannot be read with the tokeniser none, which is for token files");
    }

    @Override
    public byte[] bytes(int id) {
        throw new DataException("text cannot be written with the tokeniser none, which is for token files");
    }
}
