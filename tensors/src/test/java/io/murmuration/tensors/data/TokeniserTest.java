package io.murmuration.tensors.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class TokeniserTest {

    private static final Tokeniser GPT2 = Tokeniser.byName("gpt2");

    /** 319 texts with every awkward white space, number, accent and emoji, encoded by OpenAI's tiktoken 0.14. */
    @Example
    void gpt2_gives_the_ids_of_tiktoken() throws IOException {
        try (InputStream in = TokeniserTest.class.getResourceAsStream("/tokenisers/gpt2.json")) {
            JsonNode cases = new JsonMapper().readTree(in);
            assertThat(cases.size()).isEqualTo(319);
            for (JsonNode example : cases) {
                String text = example.path("text").textValue();
                int[] ids = IntStream.range(0, example.path("ids").size())
                        .map(i -> example.path("ids").path(i).intValue())
                        .toArray();
                assertThat(GPT2.encode(text)).as(text).isEqualTo(ids);
            }
        }
    }

    @Property(tries = 300)
    void ids_go_back_to_the_text_they_came_from(@ForAll String any) {
        // A lone half of a surrogate pair is no text: it has no UTF-8.
        String text = new String(any.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        for (Tokeniser tokeniser : new Tokeniser[] {GPT2, Tokeniser.byName("bytes")}) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int id : tokeniser.encode(text)) {
                assertThat(id).isBetween(0, tokeniser.vocabulary() - 1);
                bytes.writeBytes(tokeniser.bytes(id));
            }
            assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo(text);
        }
    }

    @Example
    void the_vocabularies_and_the_end_of_a_document_are_known() {
        assertThat(GPT2.vocabulary()).isEqualTo(50_257);
        assertThat(GPT2.endOfText()).hasValue(50_256);
        assertThat(GPT2.bytes(50_256)).isEmpty();
        assertThat(Tokeniser.byName("bytes").vocabulary()).isEqualTo(256);
        assertThat(Tokeniser.byName("bytes").endOfText()).isEmpty();
        assertThat(Tokeniser.byName("none").readsText()).isFalse();
        assertThatThrownBy(() -> Tokeniser.byName("none").encode("a")).isInstanceOf(DataException.class);
        assertThatThrownBy(() -> Tokeniser.byName("words"))
                .isInstanceOf(DataException.class)
                .hasMessage("expected a tokeniser of [bytes, gpt2, none], got words");
    }

    /** Pieces of any size, with white space where it hurts: the text is cut only where a token ends in any case. */
    @Property(tries = 60)
    void a_text_in_pieces_gives_the_ids_of_the_whole(
            @ForAll("awkward") String unit, @ForAll @IntRange(min = 1, max = 200_000) int piece) throws IOException {
        String text = unit.repeat(1 + 300_000 / unit.length());
        assertThat(pieces(GPT2, text, piece)).isEqualTo(GPT2.encode(text));
    }

    @Provide
    Arbitrary<String> awkward() {
        return Arbitraries.of(
                        "a", "word", " ", "  ", "\n", "\n\n\n", "\t", "\r\n", "'ll", "é", "中", "👍", "42", "!",
                        "\u2003")
                .list()
                .ofMinSize(3)
                .ofMaxSize(60)
                // One place at least where it may be cut.
                .map(parts -> String.join("", parts) + "end \n");
    }

    @Example
    void a_word_that_is_too_long_is_cut_and_nothing_of_it_is_lost() throws IOException {
        StringBuilder text = new StringBuilder();
        Random random = new Random(3);
        while (text.length() < 3 * TokenWriter.MAX_WORD) {
            text.appendCodePoint(random.nextInt(9) == 0 ? 0x1F600 + random.nextInt(9) : 'a' + random.nextInt(26));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : pieces(GPT2, text.toString(), 77_777)) {
            bytes.writeBytes(GPT2.bytes(id));
        }
        assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo(text.toString());
    }

    private static int[] pieces(Tokeniser tokeniser, String text, int piece) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            TokenWriter writer = new TokenWriter(tokeniser, 2, out);
            char[] all = text.toCharArray();
            for (int at = 0; at < all.length; at += piece) {
                writer.text(all, at, Math.min(all.length, at + piece));
            }
            writer.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Tokens tokens = Tokens.of(MemorySegment.ofArray(out.toByteArray()), 2);
        int[] ids = new int[(int) tokens.length()];
        tokens.copy(0, ids.length, ids, 0);
        return ids;
    }

    @Property(tries = 200)
    void joined_and_cut_tokens_are_those_of_their_parts(
            @ForAll @IntRange(min = 0, max = 40) int first,
            @ForAll @IntRange(min = 0, max = 40) int second,
            @ForAll @IntRange(min = 0, max = 40) int third,
            @ForAll @IntRange(min = 0, max = 120) int from,
            @ForAll @IntRange(min = 0, max = 120) int to) {
        Tokens joined = Tokens.joined(List.of(
                Tokens.of(MemorySegment.ofArray(new byte[first]).fill((byte) 200), 1),
                Tokens.of(MemorySegment.ofArray(new byte[2 * second]).fill((byte) 0xFF), 2),
                Tokens.of(MemorySegment.ofArray(new byte[4 * third]).fill((byte) 1), 4)));
        int[] all = new int[first + second + third];
        Arrays.fill(all, 0, first, 200);
        Arrays.fill(all, first, first + second, 0xFFFF);
        Arrays.fill(all, first + second, all.length, 0x01010101);
        assertThat(joined.length()).isEqualTo(all.length);
        int begin = Math.min(Math.min(from, to), all.length);
        int end = Math.min(Math.max(from, to), all.length);
        int[] cut = new int[end - begin];
        joined.copy(begin, cut.length, cut, 0);
        assertThat(cut).isEqualTo(Arrays.copyOfRange(all, begin, end));
        int[] slice = new int[cut.length];
        joined.slice(begin, cut.length).copy(0, cut.length, slice, 0);
        assertThat(slice).isEqualTo(cut);
        assertThatThrownBy(() -> joined.copy(begin, all.length - begin + 1, new int[200], 0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
