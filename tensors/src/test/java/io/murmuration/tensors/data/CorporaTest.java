package io.murmuration.tensors.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of every kind, read by every tokeniser. */
class CorporaTest {

    private static final Tokeniser BYTES = Tokeniser.byName("bytes");
    private static final Tokeniser GPT2 = Tokeniser.byName("gpt2");
    private static final int END = 50_256;

    @TempDir
    Path folder;

    private final List<String> notices = new ArrayList<>();

    private CorpusSettings settings(Path path, Tokeniser tokeniser, int vocabulary) {
        return new CorpusSettings(
                Optional.of(path), Optional.empty(), tokeniser, vocabulary, "text", 0, folder.resolve(".cache"));
    }

    private Corpus open(Path path, Tokeniser tokeniser) {
        return Corpora.open(settings(path, tokeniser, Math.max(tokeniser.vocabulary(), 50_257)), notices::add);
    }

    private static int[] ids(Tokens tokens) {
        int[] ids = new int[Math.toIntExact(tokens.length())];
        tokens.copy(0, ids.length, ids, 0);
        return ids;
    }

    private static int[] joined(int[]... parts) {
        return Stream.of(parts).flatMapToInt(Arrays::stream).toArray();
    }

    private static String lines(int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < to; i++) {
            text.append("Line ").append(i).append(" isn't  \"empty\" äöü\n");
        }
        return text.toString();
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private Path packed(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return file;
    }

    private Path tokenFile(String name, int width, int... ids) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(ids.length * width).order(ByteOrder.LITTLE_ENDIAN);
        for (int id : ids) {
            if (width == 2) {
                bytes.putShort((short) id);
            } else {
                bytes.putInt(id);
            }
        }
        return Files.write(folder.resolve(name), bytes.array());
    }

    private void refused(Path path, Tokeniser tokeniser, String message) {
        assertThatThrownBy(() -> open(path, tokeniser))
                .isInstanceOf(DataException.class)
                .hasMessage(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void gpt2_validates_on_the_same_lines_as_bytes() throws IOException {
        Path file = write("a.txt", lines(0, 100));
        Corpus bytes = open(file, BYTES);
        Corpus gpt2 = open(file, GPT2);
        assertThat(ids(bytes.train())).isEqualTo(BYTES.encode(lines(0, 95)));
        assertThat(ids(bytes.validation())).isEqualTo(BYTES.encode(lines(95, 100)));
        assertThat(ids(gpt2.train())).isEqualTo(GPT2.encode(lines(0, 95)));
        assertThat(ids(gpt2.validation())).isEqualTo(joined(GPT2.encode(lines(95, 100)), new int[] {END}));
    }

    @Test
    void every_file_is_a_document_in_the_order_of_the_relative_paths() throws IOException {
        write("data/b/x.txt", lines(10, 20));
        write("data/a.txt", lines(0, 10) + "no line feed");
        write("data/.hidden", "not read\n");
        write("data/empty.txt", "");
        Corpus corpus = open(folder.resolve("data"), GPT2);
        assertThat(ids(corpus.train()))
                .isEqualTo(joined(
                        GPT2.encode(lines(0, 10) + "no line feed"), new int[] {END}, GPT2.encode(lines(10, 19))));
        assertThat(ids(corpus.validation()))
                .isEqualTo(joined(GPT2.encode(lines(19, 20)), new int[] {END}, new int[] {END}));
    }

    @Test
    void a_line_of_json_is_a_document_for_gpt2_and_a_line_for_bytes() throws IOException {
        StringBuilder json = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            json.append("{\"id\": ")
                    .append(i)
                    .append(", \"text\": \"Document ")
                    .append(i)
                    .append("\\nä \\u00e9\"}\n");
        }
        Path file = write("docs.jsonl", json + "\n  \n");
        int[] gpt2 = {};
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 38; i++) {
            gpt2 = joined(gpt2, GPT2.encode("Document " + i + "\nä é"), new int[] {END});
            text.append("Document ").append(i).append("\nä é\n");
        }
        assertThat(ids(open(file, GPT2).train())).isEqualTo(gpt2);
        assertThat(ids(open(file, BYTES).train())).isEqualTo(BYTES.encode(text.toString()));
        assertThat(ids(open(file, BYTES).validation())).isEqualTo(BYTES.encode("Document 38\nä é\nDocument 39\nä é\n"));
        assertThat(ids(open(packed("docs.jsonl.gz", json.toString()), GPT2).train()))
                .isEqualTo(gpt2);
    }

    @Test
    void the_key_of_the_text_is_a_setting() throws IOException {
        Path file = write("a.ndjson", "{\"body\": \"one\"}\n{\"body\": \"two\"}\n");
        Corpus corpus = Corpora.open(
                new CorpusSettings(
                        Optional.of(file), Optional.empty(), BYTES, 256, "body", 0, folder.resolve(".cache")),
                notices::add);
        assertThat(ids(corpus.train())).isEqualTo(BYTES.encode("one\n"));
        refused(file, BYTES, file + ":1: expected a JSON object with text under \"text\", got \"{\"body\": \"one\"}\"");
    }

    @Test
    void a_bad_line_of_json_is_named_with_its_number() throws IOException {
        Path file = write("a.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"\n");
        assertThatThrownBy(() -> open(file, GPT2))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith(file + ":2: expected a JSON object, got \"{\"text\": \"two\"\" (")
                .hasMessageNotContaining("\n");
        refused(
                write("b.jsonl", "{\"text\": \"one\"}\n[1]\n"),
                BYTES,
                folder.resolve("b.jsonl") + ":2: expected a JSON object with text under \"text\", got \"[1]\"");
        refused(
                write("c.jsonl", "\n"),
                BYTES,
                folder.resolve("c.jsonl") + ": expected lines of JSON, the file is empty");
        assertThat(folder.resolve(".cache")).isDirectoryNotContaining("regex:.*\\.(tokens|new)");
    }

    @Test
    void packed_text_is_the_text() throws IOException {
        Path file = packed("a.txt.gz", lines(0, 60));
        assertThat(ids(open(file, BYTES).train())).isEqualTo(BYTES.encode(lines(0, 57)));
        assertThat(ids(open(file, BYTES).validation())).isEqualTo(BYTES.encode(lines(57, 60)));
        byte[] half = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(half, half.length / 2));
        refused(file, BYTES, file + ": cannot be read: Unexpected end of ZLIB input stream");
    }

    @Test
    void tokens_are_made_once_and_again_when_a_file_has_changed() throws IOException {
        Path file = write("a.txt", lines(0, 30));
        open(file, GPT2);
        open(file, GPT2);
        assertThat(notices).hasSize(1).first().asString().contains(file.toString(), "gpt2");
        Files.writeString(file, lines(50, 80));
        Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
        assertThat(ids(open(file, GPT2).train())).isEqualTo(GPT2.encode(lines(50, 79)));
        assertThat(notices).hasSize(2);
    }

    @Test
    void a_broken_file_in_the_cache_is_made_again() throws IOException {
        Path file = write("a.txt", lines(0, 30));
        int[] train = ids(open(file, GPT2).train());
        Path cached;
        try (Stream<Path> files = Files.list(folder.resolve(".cache"))) {
            cached = files.filter(path -> path.toString().endsWith(".tokens"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] whole = Files.readAllBytes(cached);
        Files.delete(cached);
        Files.write(cached, Arrays.copyOf(whole, whole.length - 3));
        assertThat(ids(open(file, GPT2).train())).isEqualTo(train);
        Files.delete(cached);
        Files.write(cached, new byte[100]);
        assertThat(ids(open(file, GPT2).train())).isEqualTo(train);
    }

    @Test
    void the_built_in_text_goes_through_gpt2_too() {
        CorpusSettings settings = new CorpusSettings(
                Optional.empty(), Optional.empty(), GPT2, 50_257, "text", 0, folder.resolve(".cache"));
        Corpus corpus = Corpora.open(settings, notices::add);
        long bytes = Corpora.europarl().train().length();
        // European languages, on merges made for English: two to four bytes a token.
        assertThat(bytes / (double) corpus.train().length()).isBetween(1.8, 4.5);
        int[] first = new int[20];
        corpus.train().copy(0, 20, first, 0);
        int[] text = new int[200];
        Corpora.europarl().train().copy(0, 200, text, 0);
        byte[] utf8 = new byte[200];
        IntStream.range(0, 200).forEach(i -> utf8[i] = (byte) text[i]);
        assertThat(Arrays.copyOf(GPT2.encode(new String(utf8, StandardCharsets.UTF_8)), 20))
                .isEqualTo(first);
    }

    @Test
    void token_files_of_16_and_32_bits_are_mapped_as_they_are() throws IOException {
        int[] some = IntStream.range(0, 200).map(i -> i * 257 % 50_257).toArray();
        Corpus narrow = open(tokenFile("narrow.bin", 2, some), GPT2);
        assertThat(joined(ids(narrow.train()), ids(narrow.validation()))).isEqualTo(some);
        assertThat(narrow.validation().length()).isEqualTo(10);
        Path wide = tokenFile("wide.bin", 4, some);
        Corpus large = Corpora.open(settings(wide, Tokeniser.byName("none"), 128_256), notices::add);
        assertThat(ids(large.train())).isEqualTo(Arrays.copyOf(some, 190));
        CorpusSettings told = new CorpusSettings(
                Optional.of(wide), Optional.empty(), GPT2, 50_257, "text", 4, folder.resolve(".cache"));
        assertThat(ids(Corpora.open(told, notices::add).train())).isEqualTo(Arrays.copyOf(some, 190));
        assertThat(notices).isEmpty();
    }

    @Test
    void validation_may_have_a_path_of_its_own() throws IOException {
        Path train = tokenFile("train.bin", 2, 1, 2, 3, 4, 5);
        Path validation = tokenFile("val.bin", 2, 6, 7, 8);
        CorpusSettings settings = new CorpusSettings(
                Optional.of(train), Optional.of(validation), GPT2, 50_257, "text", 0, folder.resolve(".cache"));
        Corpus corpus = Corpora.open(settings, notices::add);
        assertThat(ids(corpus.train())).containsExactly(1, 2, 3, 4, 5);
        assertThat(ids(corpus.validation())).containsExactly(6, 7, 8);
        assertThat(corpus.name()).isEqualTo(train + ", validated on " + validation);
    }

    @Test
    void token_files_that_are_not_what_they_should_be_are_refused() throws IOException {
        Path odd = Files.write(folder.resolve("odd.bin"), new byte[7]);
        refused(odd, GPT2, odd + ": expected whole token ids of 2 bytes (data.token-bytes), got 7 bytes");
        Path empty = Files.write(folder.resolve("empty.bin"), new byte[0]);
        refused(empty, GPT2, empty + ": expected token ids, the file is empty");
        Path beyond = tokenFile("beyond.bin", 2, 1, 2, 50_257, 3);
        refused(
                beyond,
                GPT2,
                beyond + ": expected token ids below the model's vocabulary of 50257, got 50257 at byte 4");
        int[] late = new int[800_000];
        late[777_777] = 60_000;
        Path far = tokenFile("far.bin", 2, late);
        refused(
                far,
                GPT2,
                far + ": expected token ids below the model's vocabulary of 50257, got 60000 at byte 1555554");
        Path negative = tokenFile("negative.bin", 4, 1, -2);
        assertThatThrownBy(() -> Corpora.open(settings(negative, GPT2, 100_000), notices::add))
                .isInstanceOf(DataException.class)
                .hasMessage(negative
                        + ": expected token ids below the model's vocabulary of 100000, got 4294967294 at byte 4");
        write("mixed/a.txt", "text\n");
        Files.write(folder.resolve("mixed/b.bin"), new byte[2]);
        refused(
                folder.resolve("mixed"),
                GPT2,
                folder.resolve("mixed") + ": expected either token files or text, got " + folder.resolve("mixed/b.bin")
                        + " and " + folder.resolve("mixed/a.txt"));
        Path squeezed = packed("ids.bin.gz", "ids");
        refused(squeezed, GPT2, squeezed + ": token files are mapped as they are and cannot be packed: unpack it");
        Path text = write("a.txt", "one\ntwo\n");
        refused(
                text,
                Tokeniser.byName("none"),
                text + ": expected token files (.bin), because data.tokeniser is none; this is text");
    }

    @Test
    void a_file_without_permission_is_named() throws IOException {
        Path file = write("secret.txt", lines(0, 10));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        Assumptions.assumeFalse(Files.isReadable(file), "a superuser reads everything");
        refused(file, BYTES, file + ": cannot be read: no permission");
    }

    @Test
    void a_token_file_of_more_than_2_gib_is_read_at_its_end() throws IOException {
        long tokens = (1L << 30) + (1L << 26);
        Path file = folder.resolve("large.bin");
        try (FileChannel sparse = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer last = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
            sparse.write(last.putShort((short) 40_000).putShort((short) 50_256).flip(), (tokens - 2) * 2);
        }
        Corpus corpus = open(file, GPT2);
        assertThat(corpus.train().length() + corpus.validation().length()).isEqualTo(tokens);
        int[] end = new int[3];
        corpus.validation().copy(corpus.validation().length() - 3, 3, end, 0);
        assertThat(end).containsExactly(0, 40_000, 50_256);
        Batches batches = new Batches(corpus, 1, 1, 2, 1);
        assertThat(batches.trainWindows()).isEqualTo(corpus.train().length() - 1);
        assertThat(batches.microbatch(1L << 40, 1)).hasSize(2);
        assertThat(batches.validation(batches.validationWindows() - 1)).containsExactly(40_000, 50_256);
    }

    @Test
    void a_text_of_more_than_2_gib_is_mapped_and_cut_between_its_last_lines() throws IOException {
        Path file = folder.resolve("large.txt");
        long size = (2L << 30) + 1000;
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(size);
            for (long line = 1; line <= 21; line++) {
                sparse.seek(line * (size / 22));
                sparse.write('\n');
            }
            sparse.seek(size - 5);
            sparse.writeBytes("last\n");
        }
        Corpus corpus = open(file, BYTES);
        assertThat(corpus.train().length()).isEqualTo(21 * (size / 22) + 1);
        int[] end = new int[5];
        corpus.validation().copy(corpus.validation().length() - 5, 5, end, 0);
        assertThat(end).isEqualTo(BYTES.encode("last\n"));
    }
}
