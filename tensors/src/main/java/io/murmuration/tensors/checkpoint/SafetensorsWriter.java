package io.murmuration.tensors.checkpoint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.reduce.Digest;
import java.io.IOException;
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

    /** Gives a tensor's numbers when it is their turn, so that not all have to be in memory at once. */
    interface Numbers {
        Floats read();
    }

    /**
     * A tensor to write.
     *
     * @param name unique in the file
     * @param shape its product is the number of values
     */
    record Tensor(String name, List<Integer> shape, Numbers numbers) {
        Tensor {
            shape = List.copyOf(shape);
        }

        long length() {
            long product = 1;
            for (int axis : shape) {
                product = Math.multiplyExact(product, (long) axis);
            }
            return product;
        }
    }

    /**
     * A tensor to write whose numbers are at hand.
     *
     * @param name unique in the file
     * @param shape its product is the number of values
     */
    public record Entry(String name, List<Integer> shape, Floats values) {
        public Entry {
            shape = List.copyOf(shape);
            requireLength(new Tensor(name, shape, Floats::empty), values);
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
        return write(
                file,
                Dtype.F32,
                entries.stream()
                        .map(entry -> new Tensor(entry.name, entry.shape, entry::values))
                        .toList());
    }

    /**
     * Writes a new file in a format of 32 or 16 bits and forces it to the disk.
     *
     * @return digest of the whole file
     * @throws IOException if it cannot be written or is already there
     * @throws CheckpointException if a finite number does not fit into the format; names the tensor
     */
    static Digest write(Path file, Dtype dtype, List<Tensor> tensors) throws IOException {
        MessageDigest sha256 = Digest.sha256();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            byte[] header = header(dtype, tensors);
            ByteBuffer start = ByteBuffer.allocate(Long.BYTES + header.length).order(ByteOrder.LITTLE_ENDIAN);
            put(channel, sha256, start.putLong(header.length).put(header).flip());
            ByteBuffer block = ByteBuffer.allocate(CHUNK * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            for (Tensor tensor : tensors) {
                Floats values = tensor.numbers.read();
                requireLength(tensor, values);
                for (long at = 0; at < values.length(); at += CHUNK) {
                    int count = (int) Math.min(CHUNK, values.length() - at);
                    if (!FloatFormat.put(dtype, values, at, count, block.clear())) {
                        throw new CheckpointException(tensor.name + ": has numbers too large for " + dtype);
                    }
                    put(channel, sha256, block.flip());
                }
            }
            channel.force(true);
        }
        return Digest.of(sha256);
    }

    private static void requireLength(Tensor tensor, Floats values) {
        if (tensor.length() != values.length()) {
            throw new IllegalArgumentException(tensor.name + ": expected " + tensor.length() + " numbers for "
                    + tensor.shape + ", got " + values.length());
        }
    }

    private static byte[] header(Dtype dtype, List<Tensor> tensors) {
        ObjectNode header = JsonNodeFactory.instance.objectNode();
        // Hugging Face transformers refuses files that do not say which framework's layout they follow.
        header.putObject("__metadata__").put("format", "pt");
        long at = 0;
        for (Tensor tensor : tensors) {
            if (header.has(tensor.name)) {
                throw new IllegalArgumentException("expected unique names, got " + tensor.name + " twice");
            }
            long end = at + tensor.length() * dtype.bytes();
            ObjectNode json = header.putObject(tensor.name);
            json.put("dtype", dtype.name());
            ArrayNode shape = json.putArray("shape");
            tensor.shape.forEach(shape::add);
            json.putArray("data_offsets").add(at).add(end);
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
