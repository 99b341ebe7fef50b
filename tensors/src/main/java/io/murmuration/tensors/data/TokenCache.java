package io.murmuration.tensors.data;

import io.murmuration.tensors.reduce.Digest;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Text that cannot be mapped as it is (compressed, JSON, or read by a tokeniser that is not {@code bytes}) becomes a token
 * file once, and that is mapped. Its name follows from the files' paths, sizes and times, the tokeniser and a version, so
 * what has changed is made anew. It is written beside its place under a lock, forced to the disk and renamed: it is there
 * whole or not at all; its lock stays, empty. Files here may be deleted while nobody uses them.
 *
 * <p>Layout, little-endian: 8 bytes magic, 4 bytes version, 4 bytes width of an id, 8 bytes number of training ids, 8
 * bytes number of validation ids, then the ids.
 */
final class TokenCache {

    /** Goes up when the same files would give other ids. */
    private static final int VERSION = 1;

    private static final byte[] MAGIC = "MURMTOKS".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER = 32;
    private static final int BUFFER = 1 << 20;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final CorpusSettings settings;
    private final Consumer<String> notices;

    /** @param notices told, in a line, of work that takes long */
    TokenCache(CorpusSettings settings, Consumer<String> notices) {
        this.settings = settings;
        this.notices = notices;
    }

    /**
     * The ids of some files, from the cache if they are there.
     *
     * @param name what messages call the files together
     * @param cut whether the last 5 % of the lines are kept apart
     * @throws DataException if a file or the cache is not what it should be; names it
     */
    Corpus open(String name, List<Source> sources, boolean cut) {
        Path place = settings.cache().resolve(key(sources, cut) + ".tokens");
        return read(name, place).orElseGet(() -> {
            make(name, sources, cut, place);
            return read(name, place)
                    .orElseThrow(
                            () -> new DataException(place + ": expected the tokens just written, got other bytes"));
        });
    }

    private String key(List<Source> sources, boolean cut) {
        MessageDigest sha256 = Digest.sha256();
        StringBuilder text = new StringBuilder();
        text.append(VERSION).append('\n').append(settings.tokeniser().name()).append('\n');
        text.append(settings.textKey()).append('\n').append(cut).append('\n');
        sources.forEach(source -> text.append(source.identity()).append('\n'));
        sha256.update(text.toString().getBytes(StandardCharsets.UTF_8));
        return Digest.of(sha256).hex().substring(0, 32);
    }

    /** Empty if there is no such file, or it was made by another version or cut short. */
    private Optional<Corpus> read(String name, Path place) {
        if (!Files.isRegularFile(place)) {
            return Optional.empty();
        }
        MemorySegment file = TokenFiles.map(place);
        boolean ours = file.byteSize() >= HEADER
                && file.asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) < 0
                && file.get(INT, 8) == VERSION
                && file.get(INT, 12) == width();
        if (!ours) {
            return Optional.empty();
        }
        long train = file.get(LONG, 16);
        long validation = file.get(LONG, 24);
        if (train < 0 || validation < 0 || train + validation != (file.byteSize() - HEADER) / width()) {
            return Optional.empty();
        }
        Tokens tokens = Tokens.of(file.asSlice(HEADER, (train + validation) * width()), width());
        return Optional.of(Corpus.ofTokens(name, settings.tokeniser(), tokens, train));
    }

    private void make(String name, List<Source> sources, boolean cut, Path place) {
        try {
            Files.createDirectories(settings.cache());
            // The lock has a file of its own that stays: whoever waits for a file that is then deleted or renamed locks
            // nothing that the next one sees.
            try (FileChannel channel = FileChannel.open(
                            place.resolveSibling(place.getFileName() + ".lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                // Whoever waited for another process finds its work done.
                if (lock.isValid() && read(name, place).isEmpty()) {
                    write(name, sources, cut, place);
                }
            }
        } catch (IOException e) {
            throw new DataException(settings.cache() + ": the tokens of " + name + " cannot be kept there: " + e, e);
        } catch (OverlappingFileLockException e) {
            throw new DataException(place + ": another run of this process is making it", e);
        }
    }

    /** The caller holds the lock, so what is found under the temporary name is what a crash left. */
    private void write(String name, List<Source> sources, boolean cut, Path place) throws IOException {
        Path fresh = place.resolveSibling(place.getFileName() + ".new");
        try {
            try (FileChannel channel = FileChannel.open(
                    fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                fill(name, sources, cut, channel);
            }
            Files.move(fresh, place, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    private void fill(String name, List<Source> sources, boolean cut, FileChannel channel) throws IOException {
        notices.accept("reading " + name + " with the tokeniser "
                + settings.tokeniser().name() + " into " + settings.cache() + ", once");
        long lines = LineCount.of(sources, settings.textKey());
        if (cut) {
            Corpus.requireLines(name, lines);
        }
        channel.position(HEADER);
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
        Encoder encoder = new Encoder(
                new TokenWriter(settings.tokeniser(), width(), out), cut ? lines - Corpus.share(lines) : lines);
        for (Source source : sources) {
            encoder.joined = sources.size() > 1 || source.kind() == Source.Kind.JSON_LINES;
            Documents.read(source, settings.textKey(), encoder);
        }
        if (encoder.lines != lines) {
            throw new DataException(name + ": changed while it was read");
        }
        encoder.writer.flush();
        out.flush();
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        header.put(MAGIC).putInt(VERSION).putInt(width()).putLong(encoder.train);
        header.putLong(encoder.writer.written() - encoder.train).flip();
        channel.position(0).write(header);
        channel.force(true);
    }

    private int width() {
        return TokenWriter.width(settings.tokeniser().vocabulary());
    }

    /** Documents to ids; between two documents the tokeniser's end of text, or a line feed where there is none. */
    private final class Encoder implements Documents.Sink {
        private final TokenWriter writer;
        private final long trainLines;
        private boolean joined;
        private boolean lineOpen;
        private long lines;
        private long train;

        Encoder(TokenWriter writer, long trainLines) {
            this.writer = writer;
            this.trainLines = trainLines;
        }

        @Override
        public void text(char[] buffer, int from, int to) throws IOException {
            writer.text(buffer, from, to);
            if (from < to) {
                lineOpen = buffer[to - 1] != '\n';
            }
        }

        @Override
        public void endDocument() throws IOException {
            if (settings.tokeniser().endOfText().isPresent()) {
                writer.flush();
                writer.id(settings.tokeniser().endOfText().getAsInt());
            } else if (lineOpen && joined) {
                writer.text(new char[] {'\n'}, 0, 1);
            }
            lineOpen = false;
        }

        @Override
        public void endLine() throws IOException {
            lines++;
            if (lines == trainLines) {
                writer.flush();
                train = writer.written();
            }
        }
    }
}
