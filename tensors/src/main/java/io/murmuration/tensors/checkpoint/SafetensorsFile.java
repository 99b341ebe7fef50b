package io.murmuration.tensors.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.murmuration.tensors.compute.Floats;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A safetensors file, open for reading. The header is checked against the file's length when it is opened, and before
 * memory of any size it claims is asked for; numbers are read when asked for. Not thread-safe.
 */
public final class SafetensorsFile implements AutoCloseable {

    /** 16 MiB hold the names of some 100,000 tensors; more is not a header but a broken length. */
    static final long MAX_HEADER_BYTES = 16L << 20;

    private static final int CHUNK = 16_384;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /**
     * Where a tensor lies.
     *
     * @param shape length of each axis; no axis for a single number
     * @param begin first byte behind the header
     * @param end first byte behind the tensor
     */
    public record Tensor(String name, Dtype dtype, List<Long> shape, long begin, long end) {
        public Tensor {
            shape = List.copyOf(shape);
        }

        public long length() {
            return (end - begin) / dtype.bytes();
        }
    }

    private final Path path;
    private final FileChannel channel;
    private final Map<String, Tensor> tensors;
    private final long dataAt;

    private SafetensorsFile(Path path, FileChannel channel, Map<String, Tensor> tensors, long dataAt) {
        this.path = path;
        this.channel = channel;
        this.tensors = tensors;
        this.dataAt = dataAt;
    }

    /** @throws CheckpointException if the file is missing, unreadable or not safetensors; names it */
    public static SafetensorsFile open(Path path) {
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            try {
                return open(path, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new CheckpointException(path + ": cannot be read: " + e, e);
        }
    }

    private static SafetensorsFile open(Path path, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < Long.BYTES) {
            throw new CheckpointException(path + ": expected a safetensors header, got " + size + " bytes in all");
        }
        long headerBytes = read(path, channel, 0, Long.BYTES).getLong();
        if (headerBytes < 2 || headerBytes > Math.min(MAX_HEADER_BYTES, size - Long.BYTES)) {
            throw new CheckpointException(path + ": expected a header of at most "
                    + Math.min(MAX_HEADER_BYTES, size - Long.BYTES) + " bytes, got " + headerBytes);
        }
        byte[] json = read(path, channel, Long.BYTES, (int) headerBytes).array();
        long dataAt = Long.BYTES + headerBytes;
        return new SafetensorsFile(path, channel, tensors(path, json, size - dataAt), dataAt);
    }

    /** By name, in the order of the header. */
    public Map<String, Tensor> tensors() {
        return tensors;
    }

    /** @throws CheckpointException if there is no such tensor */
    public Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new CheckpointException(path + ": expected a tensor " + name + ", there is none");
        }
        return tensor;
    }

    /**
     * Reads a tensor of 32 or 16 bit floating point, widened to fp32.
     *
     * @throws CheckpointException if it is not there, of another length, of another kind, or cannot be read
     */
    public void read(String name, Floats target) {
        Tensor tensor = tensor(name);
        if (tensor.length() != target.length()) {
            throw new CheckpointException(
                    path + ": " + name + ": expected " + target.length() + " numbers, got " + tensor.shape());
        }
        for (long at = 0; at < target.length(); at += CHUNK) {
            int count = (int) Math.min(CHUNK, target.length() - at);
            ByteBuffer bytes = read(tensor, at, count);
            switch (tensor.dtype()) {
                case F32 ->
                    MemorySegment.copy(
                            MemorySegment.ofBuffer(bytes),
                            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
                            0,
                            target.segment(),
                            ValueLayout.JAVA_FLOAT,
                            at * Float.BYTES,
                            count);
                case F16 -> {
                    for (int i = 0; i < count; i++) {
                        target.set(at + i, Float.float16ToFloat(bytes.getShort(i * Short.BYTES)));
                    }
                }
                case BF16 -> {
                    for (int i = 0; i < count; i++) {
                        target.set(at + i, Float.intBitsToFloat(bytes.getShort(i * Short.BYTES) << 16));
                    }
                }
                case I64, U8 -> throw wrongKind(tensor, "floating point numbers");
            }
        }
    }

    /** @throws CheckpointException if it is not there, not I64, or cannot be read */
    public long[] readLongs(String name) {
        Tensor tensor = tensor(name);
        if (tensor.dtype() != Dtype.I64) {
            throw wrongKind(tensor, "I64");
        }
        long[] values = new long[heapLength(tensor)];
        read(tensor, 0, values.length).asLongBuffer().get(values);
        return values;
    }

    /** @throws CheckpointException if it is not there, not U8, or cannot be read */
    public byte[] readBytes(String name) {
        Tensor tensor = tensor(name);
        if (tensor.dtype() != Dtype.U8) {
            throw wrongKind(tensor, "U8");
        }
        return read(tensor, 0, heapLength(tensor)).array();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new CheckpointException(path + ": cannot be closed: " + e, e);
        }
    }

    private CheckpointException wrongKind(Tensor tensor, String expected) {
        return new CheckpointException(
                path + ": " + tensor.name() + ": expected " + expected + ", got " + tensor.dtype());
    }

    private int heapLength(Tensor tensor) {
        if (tensor.end() - tensor.begin() > Integer.MAX_VALUE - 8) {
            throw new CheckpointException(
                    path + ": " + tensor.name() + ": expected at most 2 GiB, got " + tensor.shape());
        }
        return (int) tensor.length();
    }

    private ByteBuffer read(Tensor tensor, long from, int count) {
        int bytes = tensor.dtype().bytes();
        try {
            return read(path, channel, dataAt + tensor.begin() + from * bytes, count * bytes);
        } catch (IOException e) {
            throw new CheckpointException(path + ": " + tensor.name() + ": cannot be read: " + e, e);
        }
    }

    /** Exactly {@code count} bytes, which the file was seen to have. */
    private static ByteBuffer read(Path path, FileChannel channel, long at, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                throw new CheckpointException(path + ": got shorter while it was read");
            }
        }
        return bytes.flip();
    }

    private static Map<String, Tensor> tensors(Path path, byte[] json, long dataBytes) throws IOException {
        JsonNode header;
        try {
            header = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new CheckpointException(path + ": expected a header in JSON: " + e.getOriginalMessage(), e);
        }
        if (!header.isObject()) {
            throw new CheckpointException(path + ": expected a header that is a JSON object");
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : header.properties()) {
            if (!entry.getKey().equals("__metadata__")) {
                tensors.put(entry.getKey(), tensor(path, entry.getKey(), entry.getValue(), dataBytes));
            }
        }
        requireNoGaps(path, tensors, dataBytes);
        return Collections.unmodifiableMap(tensors);
    }

    private static Tensor tensor(Path path, String name, JsonNode entry, long dataBytes) {
        String given = entry.path("dtype").asText();
        Dtype dtype = Dtype.byName(given)
                .orElseThrow(() -> new CheckpointException(
                        path + ": " + name + ": expected a dtype of " + List.of(Dtype.values()) + ", got " + given));
        JsonNode offsets = entry.path("data_offsets");
        long begin = whole(offsets.path(0));
        long end = whole(offsets.path(1));
        if (offsets.size() != 2 || begin < 0 || end < begin || end > dataBytes) {
            throw new CheckpointException(
                    path + ": " + name + ": expected offsets within " + dataBytes + " bytes, got " + offsets);
        }
        List<Long> shape = new ArrayList<>();
        long left = (end - begin) / dtype.bytes();
        long length = 1;
        for (JsonNode axis : entry.path("shape")) {
            long value = whole(axis);
            shape.add(value);
            length = value < 0 || (value > 0 && length > left / value) ? -1 : length * value;
            if (length < 0) {
                break;
            }
        }
        if (!entry.path("shape").isArray() || length < 0 || length * dtype.bytes() != end - begin) {
            throw new CheckpointException(path + ": " + name + ": expected a shape of " + (end - begin) + " bytes of "
                    + dtype + ", got " + entry.path("shape"));
        }
        return new Tensor(name, dtype, shape, begin, end);
    }

    /** -1 for what is not a whole number of 64 bits. */
    private static long whole(JsonNode number) {
        return number.isIntegralNumber() && number.canConvertToLong() ? number.longValue() : -1;
    }

    /** The format allows neither gaps nor overlaps nor bytes behind the last tensor. */
    private static void requireNoGaps(Path path, Map<String, Tensor> tensors, long dataBytes) {
        List<Tensor> inOrder = tensors.values().stream()
                .sorted(Comparator.comparingLong(Tensor::begin).thenComparingLong(Tensor::end))
                .toList();
        long at = 0;
        for (Tensor tensor : inOrder) {
            if (tensor.begin() != at) {
                throw new CheckpointException(
                        path + ": " + tensor.name() + ": expected to begin at " + at + ", got " + tensor.begin());
            }
            at = tensor.end();
        }
        if (at != dataBytes) {
            throw new CheckpointException(path + ": expected " + at + " bytes of numbers, got " + dataBytes);
        }
    }
}
