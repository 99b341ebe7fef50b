package io.murmuration.tensors.data;

import java.util.List;
import java.util.OptionalInt;

/** Turns text into token ids and back. Immutable and thread-safe. */
public sealed interface Tokeniser permits ByteTokeniser, Gpt2Tokeniser, NoTokeniser {

    /** As in the settings ({@code data.tokeniser}) and in checkpoints: {@code bytes}, {@code gpt2} or {@code none}. */
    String name();

    /** Number of token ids it gives: 0 to below this. A model needs at least as many. */
    int vocabulary();

    /** The id that ends a document, if there is one. */
    OptionalInt endOfText();

    /**
     * Ids of a text. What looks like a special token in it is ordinary text.
     *
     * @throws DataException if it cannot read text
     */
    int[] encode(String text);

    /**
     * The UTF-8 bytes of a token; a character may spread over several tokens. Empty for the one that ends a document.
     *
     * @param id 0 to below {@link #vocabulary()}
     */
    byte[] bytes(int id);

    /** Whether text can be made of ids and ids of text. */
    default boolean readsText() {
        return vocabulary() > 0;
    }

    /** The names of all there are. */
    static List<String> names() {
        return Tokenisers.ALL.stream().map(Tokeniser::name).toList();
    }

    /** @throws DataException if there is none of this name */
    static Tokeniser byName(String name) {
        return Tokenisers.ALL.stream()
                .filter(tokeniser -> tokeniser.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new DataException("expected a tokeniser of " + names() + ", got " + name));
    }
}
