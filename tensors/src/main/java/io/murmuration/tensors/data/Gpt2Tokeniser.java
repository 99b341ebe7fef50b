package io.murmuration.tensors.data;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;
import java.util.OptionalInt;

/**
 * GPT-2's byte pair encoding (Radford et al. 2019, section 2.2): 256 bytes, 50,000 merges, and one id that ends a
 * document. The merges and the algorithm are jtokkit's {@code r50k_base}, compared with OpenAI's tiktoken in the tests.
 */
final class Gpt2Tokeniser implements Tokeniser {

    private static final int END_OF_TEXT = 50_256;

    /** Read once, when first needed. */
    private static final class Merges {
        private static final Encoding R50K = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);
    }

    @Override
    public String name() {
        return "gpt2";
    }

    @Override
    public int vocabulary() {
        return END_OF_TEXT + 1;
    }

    @Override
    public OptionalInt endOfText() {
        return OptionalInt.of(END_OF_TEXT);
    }

    @Override
    public int[] encode(String text) {
        return Merges.R50K.encodeOrdinary(text).toArray();
    }

    @Override
    public byte[] bytes(int id) {
        if (id == END_OF_TEXT) {
            return new byte[0];
        }
        IntArrayList one = new IntArrayList(1);
        one.add(id);
        return Merges.R50K.decodeBytes(one);
    }
}
