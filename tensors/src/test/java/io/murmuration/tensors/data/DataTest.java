package io.murmuration.tensors.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataTest {

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String numbered(int lines) {
        StringBuilder text = new StringBuilder();
        IntStream.range(0, lines)
                .forEach(line -> text.append("line ").append(line).append('\n'));
        return text.toString();
    }

    /** Of a text of bytes. */
    private static Corpus corpus(String name, byte[] text) {
        long lines = new String(text, StandardCharsets.ISO_8859_1).lines().count();
        return Corpus.ofLines(name, Tokeniser.byName("bytes"), Tokens.of(MemorySegment.ofArray(text), 1), lines);
    }

    private static byte[] bytes(Tokens tokens) {
        int[] ids = new int[Math.toIntExact(tokens.length())];
        tokens.copy(0, ids.length, ids, 0);
        byte[] bytes = new byte[ids.length];
        for (int i = 0; i < ids.length; i++) {
            bytes[i] = (byte) ids[i];
        }
        return bytes;
    }

    private static String text(Tokens tokens) {
        return new String(bytes(tokens), StandardCharsets.UTF_8);
    }

    private static Corpus read(Path path) {
        return Corpora.open(
                new CorpusSettings(
                        Optional.of(path), Optional.empty(), Tokeniser.byName("bytes"), 256, "text", 0, path),
                notice -> {});
    }

    @Test
    void the_last_twentieth_of_the_lines_is_for_validation() {
        Corpus corpus = corpus("text", utf8(numbered(100)));
        assertThat(text(corpus.validation())).isEqualTo("line 95\nline 96\nline 97\nline 98\nline 99\n");
        assertThat(corpus.train().length() + corpus.validation().length()).isEqualTo(utf8(numbered(100)).length);
        assertThat(text(corpus.train())).endsWith("line 94\n");
    }

    @Test
    void a_last_line_without_a_line_feed_is_a_line() {
        Corpus corpus = corpus("text", utf8("one\ntwo"));
        assertThat(text(corpus.train())).isEqualTo("one\n");
        assertThat(text(corpus.validation())).isEqualTo("two");
    }

    @Test
    void the_built_in_corpus_holds_the_bodies_of_all_its_lines() {
        Corpus corpus = Corpora.europarl();
        String train = text(corpus.train());
        String validation = text(corpus.validation());
        assertThat(train.lines().count()).isEqualTo(17_597 - 879);
        assertThat(validation.lines().count()).isEqualTo(879);
        assertThat(train).doesNotContain("\t");
        assertThat(corpus.train().length()).isGreaterThan(15_000_000);
    }

    @Test
    void a_folder_is_read_in_the_order_of_its_relative_paths(@TempDir Path folder) throws IOException {
        Files.createDirectories(folder.resolve("b"));
        Files.writeString(folder.resolve("c.txt"), "third\nlast\n");
        Files.writeString(folder.resolve("b/x.txt"), "second\n");
        Files.writeString(folder.resolve("a.txt"), "first");
        Corpus corpus = read(folder);
        assertThat(text(corpus.train())).isEqualTo("first\nsecond\nthird\n");
        assertThat(text(corpus.validation())).isEqualTo("last\n");
    }

    @Test
    void bytes_that_are_not_utf8_are_refused_with_file_and_place(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("broken.txt");
        byte[] text = utf8(numbered(3000));
        text[20_000] = (byte) 0xC3;
        Files.write(file, text);
        assertThatThrownBy(() -> read(folder))
                .isInstanceOf(DataException.class)
                .hasMessage(file + ": expected UTF-8, got other bytes at offset 20000");
        Files.write(file, new byte[] {'a', '\n', 'b', '\n', (byte) 0xE2, (byte) 0x82});
        assertThatThrownBy(() -> read(file)).isInstanceOf(DataException.class).hasMessageContaining("at offset 4");
    }

    @Test
    void what_is_missing_empty_or_too_short_is_refused_by_name(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> read(folder.resolve("none")))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(folder.resolve("none").toString());
        assertThatThrownBy(() -> read(folder))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(folder.toString());
        Path file = folder.resolve("short.txt");
        Files.writeString(file, "only one line\n");
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("expected at least 2 lines")
                .hasMessageContaining(file.toString());
        Files.writeString(file, "one\ntwo\n");
        Corpus corpus = read(file);
        assertThatThrownBy(() -> new Batches(corpus, 1, 16, 4, 2))
                .isInstanceOf(DataException.class)
                .hasMessage(file + ": expected at least 17 tokens in the training part, got 4");
    }

    @Test
    void a_microbatch_holds_inputs_and_the_same_shifted_by_one() {
        byte[] text = new byte[1000];
        for (int i = 0; i < text.length; i++) {
            text[i] = (byte) (i % 50 == 49 ? '\n' : 'a' + i * 7 % 26);
        }
        Corpus corpus = corpus("text", text);
        Batches batches = new Batches(corpus, 5, 8, 4, 2);
        SampleOrder order = new SampleOrder(5, batches.trainWindows());
        byte[] train = bytes(corpus.train());
        int[] ids = batches.microbatch(3, 1);
        assertThat(ids).hasSize(2 * 9);
        for (int j = 0; j < 2; j++) {
            int window = (int) order.sample(3 * 4 + 2 + j);
            for (int i = 0; i < 9; i++) {
                assertThat(ids[j * 9 + i]).isEqualTo(train[window * 8 + i]);
            }
        }
    }

    @Test
    void an_epoch_sees_every_window_once_and_the_next_epoch_in_another_order() {
        Corpus corpus = corpus("text", utf8(numbered(400)));
        Batches batches = new Batches(corpus, 11, 16, 6, 3);
        int windows = (int) batches.trainWindows();
        SampleOrder order = new SampleOrder(11, windows);
        BitSet seen = new BitSet();
        int same = 0;
        for (int position = 0; position < windows; position++) {
            seen.set((int) order.sample(position));
            same += order.sample(position) == order.sample(position + windows) ? 1 : 0;
        }
        assertThat(seen.cardinality()).isEqualTo(windows);
        assertThat(same).isLessThan(windows / 10);
    }

    @Test
    void validation_windows_follow_the_text_and_bytes_above_127_are_ids_above_127() {
        Corpus corpus = corpus("text", utf8("x\n".repeat(40) + "é".repeat(20)));
        Batches batches = new Batches(corpus, 1, 4, 2, 1);
        assertThat(batches.validationWindows()).isEqualTo((corpus.validation().length() - 1) / 4);
        int[] both = batches.validation(0, 2);
        assertThat(Arrays.copyOfRange(both, 5, 10)).isEqualTo(batches.validation(1));
        assertThat(both).contains(0xC3, 0xA9);
        assertThatThrownBy(() -> batches.validation(0, (int) batches.validationWindows() + 1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
