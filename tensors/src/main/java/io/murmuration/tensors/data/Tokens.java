package io.murmuration.tensors.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A run of token ids outside the heap, usually mapped files one after the other, which may be larger than the memory.
 * Immutable; any number of threads may read.
 */
public final class Tokens {

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Little-endian ids of {@code width} bytes: 1 and 2 unsigned, 4 signed. */
    private record Part(MemorySegment segment, int width) {
        long length() {
            return segment.byteSize() / width;
        }

        Part slice(long from, long count) {
            return new Part(segment.asSlice(from * width, count * width), width);
        }

        void copy(long from, int count, int[] ids, int at) {
            switch (width) {
                case 1 -> {
                    for (int i = 0; i < count; i++) {
                        ids[at + i] = Byte.toUnsignedInt(segment.get(ValueLayout.JAVA_BYTE, from + i));
                    }
                }
                case 2 -> {
                    for (int i = 0; i < count; i++) {
                        ids[at + i] = Short.toUnsignedInt(segment.get(SHORT, (from + i) * Short.BYTES));
                    }
                }
                default -> MemorySegment.copy(segment, INT, from * Integer.BYTES, ids, at, count);
            }
        }
    }

    private final List<Part> parts;
    /** Where each part begins, and where the last one ends. */
    private final long[] starts;

    private Tokens(List<Part> parts) {
        this.parts = parts.stream().filter(part -> part.length() > 0).toList();
        starts = new long[this.parts.size() + 1];
        for (int i = 0; i < this.parts.size(); i++) {
            starts[i + 1] = starts[i] + this.parts.get(i).length();
        }
    }

    /**
     * @param segment whole ids; must stay open
     * @param width bytes of an id: 1, 2 or 4, little-endian
     */
    static Tokens of(MemorySegment segment, int width) {
        if ((width != 1 && width != 2 && width != 4) || segment.byteSize() % width != 0) {
            throw new IllegalArgumentException(
                    "expected whole ids of 1, 2 or 4 bytes, got " + segment.byteSize() + " bytes for ids of " + width);
        }
        return new Tokens(List.of(new Part(segment, width)));
    }

    /** One after the other. */
    static Tokens joined(List<Tokens> all) {
        List<Part> parts = new ArrayList<>();
        all.forEach(tokens -> parts.addAll(tokens.parts));
        return new Tokens(parts);
    }

    /** Number of ids. */
    public long length() {
        return starts[parts.size()];
    }

    /** The {@code count} ids from {@code from} on, sharing this memory. */
    Tokens slice(long from, long count) {
        requireWithin(from, count);
        List<Part> cut = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            long begin = Math.max(from, starts[i]);
            long end = Math.min(from + count, starts[i + 1]);
            if (begin < end) {
                cut.add(parts.get(i).slice(begin - starts[i], end - begin));
            }
        }
        return new Tokens(cut);
    }

    /**
     * Reads ids.
     *
     * @param from first id
     * @param ids written from {@code at} on
     * @throws IllegalArgumentException if there are not that many
     */
    public void copy(long from, int count, int[] ids, int at) {
        requireWithin(from, count);
        int found = Arrays.binarySearch(starts, from);
        int part = found >= 0 ? found : -found - 2;
        int done = 0;
        while (done < count) {
            long within = from + done - starts[part];
            int some = (int) Math.min(count - done, parts.get(part).length() - within);
            parts.get(part).copy(within, some, ids, at + done);
            done += some;
            part++;
        }
    }

    private void requireWithin(long from, long count) {
        if (from < 0 || count < 0 || count > length() - from) {
            throw new IllegalArgumentException(
                    "expected tokens within " + length() + ", got " + count + " from " + from + " on");
        }
    }
}
