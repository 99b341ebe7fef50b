package io.murmuration.faults.simulation.compute;

import io.murmuration.tensors.reduce.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A stage's symbolic parameters and optimiser state: a digest of how they came about. While a snapshot arrives it is what
 * its chunks say, and only when all chunks are of one state is it that state.
 */
final class StateSymbol {

    private String state;
    private int chunks;
    private final SortedMap<Integer, String> written = new TreeMap<>();

    StateSymbol(String state) {
        this.state = state;
    }

    static String initial(int stage, long version, long seed) {
        return hash("initial", numbers(stage, version, seed));
    }

    static String empty(int stage) {
        return hash("empty", numbers(stage));
    }

    /** What an update makes of {@code before}. */
    static String applied(int stage, long version, String before, byte[] average, double norm) {
        return hash(before, numbers(stage, version, Double.doubleToLongBits(norm)), average);
    }

    /** What a stage is that was built from its neighbours. */
    static String rebuilt(int stage, long version, String below, double belowNorm, String above, double aboveNorm) {
        byte[] numbers =
                numbers(stage, version, Double.doubleToLongBits(belowNorm), Double.doubleToLongBits(aboveNorm));
        return hash(below + above, numbers);
    }

    void set(String newState) {
        state = newState;
        written.clear();
    }

    void write(int index, int count, String chunkState) {
        if (count != chunks) {
            chunks = count;
            written.clear();
        }
        written.put(index, chunkState);
    }

    boolean isWhole() {
        return written.isEmpty()
                || written.size() == chunks
                        && written.values().stream().distinct().count() == 1;
    }

    String state() {
        if (written.isEmpty()) {
            return state;
        }
        if (isWhole()) {
            return written.get(written.firstKey());
        }
        var text = new StringBuilder(state);
        for (Map.Entry<Integer, String> chunk : written.entrySet()) {
            text.append(chunk.getKey()).append(chunk.getValue());
        }
        return hash(text.toString());
    }

    private static byte[] numbers(long... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Long.BYTES);
        for (long number : numbers) {
            bytes.putLong(number);
        }
        return bytes.array();
    }

    private static String hash(String text, byte[]... more) {
        var sha256 = Digest.sha256();
        sha256.update(text.getBytes(StandardCharsets.UTF_8));
        for (byte[] bytes : more) {
            sha256.update(bytes);
        }
        return Digest.of(sha256).hex();
    }
}
