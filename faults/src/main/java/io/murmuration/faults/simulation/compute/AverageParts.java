package io.murmuration.faults.simulation.compute;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** A symbolic average: what stands in which range of the vector. What is written lies over what was there. */
final class AverageParts {

    @SuppressWarnings("ArrayRecordComponent")
    private record Part(long end, byte[] content) {}

    private final TreeMap<Long, Part> parts = new TreeMap<>();

    void put(long offset, long length, byte[] content) {
        long end = offset + length;
        Map.Entry<Long, Part> before = parts.lowerEntry(offset);
        if (before != null && before.getValue().end() > offset) {
            Part over = before.getValue();
            parts.put(before.getKey(), new Part(offset, over.content()));
            if (over.end() > end) {
                parts.put(end, over);
            }
        }
        for (Map.Entry<Long, Part> inside = parts.ceilingEntry(offset);
                inside != null && inside.getKey() < end;
                inside = parts.ceilingEntry(offset)) {
            parts.remove(inside.getKey());
            if (inside.getValue().end() > end) {
                parts.put(end, inside.getValue());
            }
        }
        parts.put(offset, new Part(end, content));
    }

    /** Ranges that say the same count as one: how the vector was cut makes no difference. */
    void digest(MessageDigest into) {
        long start = -1;
        Part last = null;
        for (Map.Entry<Long, Part> entry : parts.entrySet()) {
            Part part = entry.getValue();
            boolean same =
                    last != null && last.end() == entry.getKey() && Arrays.equals(last.content(), part.content());
            if (!same) {
                digest(into, start, last);
                start = entry.getKey();
            }
            last = part;
        }
        digest(into, start, last);
    }

    private static void digest(MessageDigest into, long start, Part part) {
        if (part != null) {
            into.update(ByteBuffer.allocate(2 * Long.BYTES + Integer.BYTES)
                    .putLong(start)
                    .putLong(part.end())
                    .putInt(part.content().length)
                    .array());
            into.update(part.content());
        }
    }
}
