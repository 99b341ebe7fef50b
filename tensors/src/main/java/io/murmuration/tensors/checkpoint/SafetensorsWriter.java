package io.murmuration.tensors.checkpoint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.reduce.Digest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.List;

/**
 * Writes fp32 tensors in the safetensors format: 8 bytes of header length, a JSON header padded with spaces to a
 * multiple of 8, the numbers little-endian and row-major without gaps.
 */
public final class SafetensorsWriter {

    private static final int CHUNK = 16_384;
    private static final ValueLayout.OfFloat LITTLE_ENDIAN =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * A tensor to write.
     *
     * @param name unique in the file
     * @param shape its product is the number of values
     */
    public record Entry(String name, List<Integer> shape, Floats values) {
        public Entry {
            shape = List.copyOf(shape);
            long product = 1;
            for (int axis : shape) {
                product = Math.multiplyExact(product, (long) axis);
            }
            if (product != values.length()) {
                throw new IllegalArgumentException(
                        name + ": expected " + product + " numbers for " + shape + ", got " + values.length());
            }
        }
    }

    private SafetensorsWriter() {}

    /**
     * Writes a new file and forces it to the disk.
     *
     * @return digest of the whole file
     * @throws IOException if it cannot be written or is already there
     */
    public static Digest write(Path file, List<Entry> entries) throws IOException {
        MessageDigest sha256 = Digest.sha256();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            byte[] header = header(entries);
            ByteBuffer start = ByteBuffer.allocate(Long.BYTES + header.length).order(ByteOrder.LITTLE_ENDIAN);
            put(channel, sha256, start.putLong(header.length).put(header).flip());
            ByteBuffer block = ByteBuffer.allocate(CHUNK * Float.BYTES);
            MemorySegment bytes = MemorySegment.ofBuffer(block);
            for (Entry entry : entries) {
                Floats values = entry.values;
                for (long at = 0; at < values.length(); at += CHUNK) {
                    int count = (int) Math.min(CHUNK, values.length() - at);
                    MemorySegment.copy(
                            values.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, bytes, LITTLE_ENDIAN, 0, count);
                    put(channel, sha256, block.clear().limit(count * Float.BYTES));
                }
            }
            channel.force(true);
        }
        return Digest.of(sha256);
    }

    private static byte[] header(List<Entry> entries) {
        ObjectNode header = JsonNodeFactory.instance.objectNode();
        // Hugging Face transformers refuses files that do not say which framework's layout they follow.
        header.putObject("__metadata__").put("format", "pt");
        long at = 0;
        for (Entry entry : entries) {
            if (header.has(entry.name)) {
                throw new IllegalArgumentException("expected unique names, got " + entry.name + " twice");
            }
            long end = at + entry.values.length() * Float.BYTES;
            ObjectNode tensor = header.putObject(entry.name);
            tensor.put("dtype", Dtype.F32.name());
            ArrayNode shape = tensor.putArray("shape");
            entry.shape.forEach(shape::add);
            tensor.putArray("data_offsets").add(at).add(end);
            at = end;
        }
        String json = header.toString();
        int length = json.getBytes(StandardCharsets.UTF_8).length;
        return (json + " ".repeat((8 - length % 8) % 8)).getBytes(StandardCharsets.UTF_8);
    }

    private static void put(FileChannel channel, MessageDigest sha256, ByteBuffer bytes) throws IOException {
        sha256.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
