package io.murmuration.tensors.data;

import java.util.List;

/** One tokeniser of each kind: GPT-2's merges take some megabytes and are read once, when first needed. */
final class Tokenisers {

    static final List<Tokeniser> ALL = List.of(new ByteTokeniser(), new Gpt2Tokeniser(), new NoTokeniser());

    private Tokenisers() {}
}
