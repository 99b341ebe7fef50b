package io.murmuration.tensors.data;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Token files: nothing but ids of 2 or 4 bytes, little-endian, as nanoGPT writes them. */
final class TokenFiles {

    private static final String ENDING = ".bin";
    private static final int BLOCK = 1 << 20;

    private TokenFiles() {}

    static boolean is(Path file) {
        return is(file.getFileName().toString());
    }

    static boolean is(String name) {
        return name.endsWith(ENDING);
    }

    /** What the ids of a vocabulary are written with by custom: 2 bytes if they fit, else 4. */
    static int customaryWidth(int vocabulary) {
        return Math.max(Short.BYTES, TokenWriter.width(vocabulary));
    }

    /**
     * Maps files one after the other and looks at every id once.
     *
     * @param width bytes of an id
     * @throws DataException if a file is unreadable or empty, does not hold whole ids, or has an id beyond the vocabulary
     */
    static Tokens open(List<Path> files, int width, int vocabulary) {
        List<Tokens> all = new ArrayList<>();
        for (Path file : files) {
            MemorySegment mapped = map(file);
            if (mapped.byteSize() == 0) {
                throw new DataException(file + ": expected token ids, the file is empty");
            }
            if (mapped.byteSize() % width != 0) {
                throw new DataException(file + ": expected whole token ids of " + width
                        + " bytes (data.token-bytes), got " + mapped.byteSize() + " bytes");
            }
            requireVocabulary(file, width, vocabulary);
            all.add(Tokens.of(mapped, width));
        }
        return Tokens.joined(all);
    }

    /**
     * Maps a whole file, however large. The mapping goes when nobody can reach it any more: readers of other threads may
     * outlive whoever opened it.
     *
     * @throws DataException if it cannot be read; names it
     */
    static MemorySegment map(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
        } catch (IOException e) {
            throw Source.unreadable(file.toString(), e);
        }
    }

    /** Reads the file instead of the mapping: pages that are looked at once need not stay in this process. */
    private static void requireVocabulary(Path file, int width, int vocabulary) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer bytes = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
            int[] ids = new int[BLOCK / width];
            long at = 0;
            while (channel.read(bytes) >= 0) {
                bytes.flip();
                int count = bytes.remaining() / width;
                int largest = 0;
                int bits = 0; // a set sign bit: a negative id
                for (int i = 0; i < count; i++) {
                    ids[i] = width == Short.BYTES ? Short.toUnsignedInt(bytes.getShort()) : bytes.getInt();
                    largest = Math.max(largest, ids[i]);
                    bits |= ids[i];
                }
                if (largest >= vocabulary || bits < 0) {
                    throw beyond(file, at, ids, width, vocabulary);
                }
                at += (long) count * width;
                bytes.compact();
            }
        } catch (IOException e) {
            throw Source.unreadable(file.toString(), e);
        }
    }

    private static DataException beyond(Path file, long at, int[] ids, int width, int vocabulary) {
        int i = 0;
        while (ids[i] >= 0 && ids[i] < vocabulary) {
            i++;
        }
        return new DataException(file + ": expected token ids below the model's vocabulary of " + vocabulary + ", got "
                + Integer.toUnsignedString(ids[i]) + " at byte " + (at + (long) i * width));
    }
}
