package io.murmuration.faults.simulation.compute;

import io.murmuration.tensors.checkpoint.CheckpointException;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Real checkpoints in a folder of the node. Faults hit their tensors, which are nearly all of their bytes. */
public final class FolderStorage implements NodeStorage {

    private static final String STEP = "step-";
    private static final String TENSORS = ".safetensors";

    private final CheckpointStore store;

    /**
     * @param folder of the node; made with the first checkpoint
     * @param keep how many checkpoints to keep
     */
    public FolderStorage(Path folder, int keep) {
        store = new CheckpointStore(folder, keep);
    }

    /** Where production code writes and reads. */
    public CheckpointStore store() {
        return store;
    }

    @Override
    public List<Long> versions() {
        return store.all().stream().map(FolderStorage::version).toList();
    }

    @Override
    public List<Long> intact() {
        return store.all().stream()
                .filter(FolderStorage::isIntact)
                .map(FolderStorage::version)
                .toList();
    }

    private static long version(Path checkpoint) {
        return Long.parseLong(checkpoint.getFileName().toString().substring(STEP.length()));
    }

    private static boolean isIntact(Path checkpoint) {
        try {
            CheckpointReader.open(checkpoint);
            return true;
        } catch (CheckpointException damaged) {
            return false; // what the caller asks about; the reason is in the reader's message, for who opens it
        }
    }

    @Override
    public boolean flipBit(long chance) {
        return newestTensors(chance)
                .map(file -> {
                    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
                        long bit = Math.floorMod(chance, access.length() * Byte.SIZE);
                        access.seek(bit / Byte.SIZE);
                        int changed = access.read() ^ 1 << bit % Byte.SIZE;
                        access.seek(bit / Byte.SIZE);
                        access.write(changed);
                        return true;
                    } catch (IOException e) {
                        throw new UncheckedIOException(file + ": no bit could be flipped", e);
                    }
                })
                .orElse(false);
    }

    @Override
    public boolean truncate() {
        return newestTensors(0)
                .map(file -> {
                    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
                        access.setLength(access.length() / 2);
                        return true;
                    } catch (IOException e) {
                        throw new UncheckedIOException(file + ": could not be truncated", e);
                    }
                })
                .orElse(false);
    }

    private Optional<Path> newestTensors(long chance) {
        List<Path> all = store.all();
        if (all.isEmpty()) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(all.getLast())) {
            List<Path> tensors = files.filter(
                            file -> file.getFileName().toString().endsWith(TENSORS))
                    .sorted()
                    .toList();
            return Optional.of(tensors.get((int) Math.floorMod(chance, (long) tensors.size())));
        } catch (IOException e) {
            throw new UncheckedIOException(all.getLast() + ": cannot be read", e);
        }
    }
}
