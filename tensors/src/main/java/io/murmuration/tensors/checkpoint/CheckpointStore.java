package io.murmuration.tensors.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of one run, {@code checkpoints/step-00000300} and so on in the run's folder; only the newest are kept.
 * One writer at a time.
 */
public final class CheckpointStore {

    private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})");
    private static final Pattern HIDDEN = Pattern.compile("\\.(step-\\d{8,18})\\.(old|new|gone)");

    private final Path folder;
    private final int keep;

    /**
     * @param run the run's folder; nothing is made before the first write
     * @param keep how many checkpoints to keep, at least 1
     */
    public CheckpointStore(Path run, int keep) {
        if (keep < 1) {
            throw new IllegalArgumentException("expected to keep at least 1 checkpoint, got " + keep);
        }
        this.folder = run.resolve("checkpoints");
        this.keep = keep;
    }

    /**
     * Writes the checkpoint of {@code meta.step()}, then removes the oldest beyond the number to keep. A checkpoint of
     * the same step is replaced.
     *
     * @return where it is
     * @throws CheckpointException if it cannot be written; what was there is still there
     */
    public Path write(CheckpointMeta meta, List<StageState> stages) {
        Path written = folder.resolve("step-%08d".formatted(meta.step()));
        recover();
        CheckpointWriter.write(written, meta, stages);
        List<Path> all = all();
        try {
            for (int i = 0; i < all.size() - keep; i++) {
                // Going on from an older checkpoint must not cost the one just written.
                if (!all.get(i).equals(written)) {
                    Folders.remove(all.get(i));
                }
            }
        } catch (IOException e) {
            throw new CheckpointException(folder + ": an old checkpoint cannot be removed: " + e, e);
        }
        return written;
    }

    /** The checkpoint of the highest step, if there is one. */
    public Optional<Path> latest() {
        recover();
        List<Path> all = all();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /** All checkpoints by rising step. */
    public List<Path> all() {
        return matching(NAME).stream()
                .sorted(Comparator.comparingLong(CheckpointStore::step))
                .toList();
    }

    /** The steps of all checkpoints, rising. */
    public List<Long> steps() {
        recover();
        return all().stream().map(CheckpointStore::step).toList();
    }

    /** The step of a checkpoint of {@link #all}, by its name. */
    public static long step(Path checkpoint) {
        return Long.parseLong(checkpoint.getFileName().toString().substring("step-".length()));
    }

    /** Brings back what a crash in the middle of a replacement hid, and clears what it left half written. */
    private void recover() {
        try {
            for (Path hidden : matching(HIDDEN)) {
                Matcher name = HIDDEN.matcher(hidden.getFileName().toString());
                if (name.matches() && Files.exists(hidden)) {
                    Folders.recover(folder.resolve(name.group(1)));
                }
            }
        } catch (IOException e) {
            throw new CheckpointException(folder + ": cannot be cleared of what a crash left: " + e, e);
        }
    }

    private List<Path> matching(Pattern pattern) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> content = Files.list(folder)) {
            return content.filter(path ->
                            pattern.matcher(path.getFileName().toString()).matches())
                    .toList();
        } catch (IOException e) {
            throw new CheckpointException(folder + ": cannot be read: " + e, e);
        }
    }
}
