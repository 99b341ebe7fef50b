package io.murmuration.faults.simulation.compute;

import io.murmuration.tensors.reduce.Digest;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Symbolic checkpoints: what a stage held, by digest, and a digest over that. The newest few are kept. */
public final class MemoryStorage implements NodeStorage {

    private static final int DIGEST_BYTES = 32;

    private final int keep;
    private final TreeMap<Long, byte[]> files = new TreeMap<>();

    /** @param keep how many checkpoints to keep, at least 1 */
    public MemoryStorage(int keep) {
        if (keep < 1) {
            throw new IllegalArgumentException("expected to keep at least 1 checkpoint, got " + keep);
        }
        this.keep = keep;
    }

    void write(long version, List<String> states) {
        byte[] content = String.join("\n", states).getBytes(StandardCharsets.US_ASCII);
        byte[] file = Arrays.copyOf(content, content.length + DIGEST_BYTES);
        System.arraycopy(digest(version, content), 0, file, content.length, DIGEST_BYTES);
        files.put(version, file);
        while (files.size() > keep) {
            files.pollFirstEntry();
        }
    }

    /** The state of every stage in a checkpoint; empty if there is none or it is damaged. */
    public Optional<List<String>> read(long version) {
        byte[] file = files.getOrDefault(version, new byte[0]);
        if (file.length < DIGEST_BYTES) {
            return Optional.empty();
        }
        byte[] content = Arrays.copyOf(file, file.length - DIGEST_BYTES);
        byte[] stored = Arrays.copyOfRange(file, content.length, file.length);
        return Arrays.equals(stored, digest(version, content))
                ? Optional.of(List.of(new String(content, StandardCharsets.US_ASCII).split("\n")))
                : Optional.empty();
    }

    private static byte[] digest(long version, byte[] content) {
        var sha256 = Digest.sha256();
        sha256.update(Long.toString(version).getBytes(StandardCharsets.US_ASCII));
        return sha256.digest(content);
    }

    @Override
    public List<Long> versions() {
        return List.copyOf(files.keySet());
    }

    @Override
    public List<Long> intact() {
        return files.keySet().stream()
                .filter(version -> read(version).isPresent())
                .toList();
    }

    @Override
    public boolean flipBit(long chance) {
        Map.Entry<Long, byte[]> newest = files.lastEntry();
        if (newest == null) {
            return false;
        }
        byte[] file = newest.getValue();
        int bit = (int) Math.floorMod(chance, (long) file.length * Byte.SIZE);
        file[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
        return true;
    }

    @Override
    public boolean truncate() {
        Map.Entry<Long, byte[]> newest = files.lastEntry();
        if (newest == null) {
            return false;
        }
        files.put(newest.getKey(), Arrays.copyOf(newest.getValue(), newest.getValue().length / 2));
        return true;
    }
}
