package io.murmuration.cluster.report;

import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder of one run. Opening it proves that it can be written to and that no other process uses it, before anything
 * is trained.
 */
public final class RunDirectory implements AutoCloseable {

    static final String SETTINGS = "resolved.conf";
    static final String METRICS = "metrics.jsonl";
    static final String CHART = "loss.png";
    static final String LOG = "run.log";
    /** What {@link RunLog} makes of a full one. */
    static final String OLDER_LOG = "run.1.log";

    private static final String LOCK = ".lock";

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    private final Path root;
    private final boolean fresh;
    private final boolean created;
    private final FileChannel lock;

    private RunDirectory(Path root, boolean fresh, boolean created, FileChannel lock) {
        this.root = root;
        this.fresh = fresh;
        this.created = created;
        this.lock = lock;
    }

    /**
     * A new folder {@code base/name-time}; a number is added if that is taken.
     *
     * @throws UserError if it cannot be made
     */
    public static RunDirectory stamped(Path base, String name, LocalDateTime now) {
        String stamped = name + "-" + TIME.format(now);
        try {
            Files.createDirectories(base);
            for (int attempt = 1; ; attempt++) {
                Path root = base.resolve(attempt == 1 ? stamped : stamped + "-" + attempt);
                try {
                    Files.createDirectory(root);
                    return open(root, true, true);
                } catch (FileAlreadyExistsException e) {
                    if (attempt == 100) {
                        throw new UserError("there are already 100 runs called " + base.resolve(stamped), e);
                    }
                }
            }
        } catch (IOException e) {
            throw unwritable(base, e);
        }
    }

    /**
     * A folder the user names; it must be empty or not there yet.
     *
     * @throws UserError if there is something in it, or it cannot be written to
     */
    public static RunDirectory named(Path root) {
        try {
            boolean there = Files.isDirectory(root);
            if (there && !isEmpty(root)) {
                throw new UserError("the output folder " + root
                        + " is not empty: name another with --out, or go on with that run with --resume " + root);
            }
            Files.createDirectories(root);
            return open(root, true, !there);
        } catch (IOException e) {
            throw unwritable(root, e);
        }
    }

    /**
     * The folder of a run that goes on.
     *
     * @throws UserError if there is no run in it, or it cannot be written to
     */
    public static RunDirectory existing(Path root) {
        settingsOf(root);
        try {
            return open(root, false, false);
        } catch (IOException e) {
            throw unwritable(root, e);
        }
    }

    /**
     * The settings a run was started with.
     *
     * @throws UserError if {@code root} is not the folder of a run
     */
    public static Path settingsOf(Path root) {
        Path settings = root.resolve(SETTINGS);
        if (!Files.isRegularFile(settings)) {
            throw new UserError(root + " is not a run directory: there is no " + SETTINGS + " in it");
        }
        return settings;
    }

    private static RunDirectory open(Path root, boolean fresh, boolean created) throws IOException {
        FileChannel channel = FileChannel.open(root.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (!lock(channel)) {
            channel.close();
            throw new UserError("another process is using the run directory " + root);
        }
        return new RunDirectory(root, fresh, created, channel);
    }

    private static boolean lock(FileChannel channel) throws IOException {
        try {
            Optional<FileLock> lock = Optional.ofNullable(channel.tryLock());
            return lock.isPresent();
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    public Path root() {
        return root;
    }

    public Path chart() {
        return root.resolve(CHART);
    }

    public Path log() {
        return root.resolve(LOG);
    }

    Path metrics() {
        return root.resolve(METRICS);
    }

    /**
     * Writes what the run was told.
     *
     * @throws UserError if that fails
     */
    public void writeSettings(String rendered) {
        String text = "# What this run was told, every key resolved. bin/murmuration train --config reads it again.\n"
                + rendered;
        try {
            WholeFiles.write(root.resolve(SETTINGS), text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw unwritable(root, e);
        }
    }

    /**
     * Takes back what was written to a fresh folder, for a run that never started, so that the same command can be given
     * again. What others put there stays, and so does the folder then.
     */
    public void discard() {
        close();
        if (!fresh) {
            return;
        }
        try {
            for (String name : List.of(SETTINGS, METRICS, CHART, LOG, OLDER_LOG, LOCK)) {
                Files.deleteIfExists(root.resolve(name));
            }
            if (created && isEmpty(root)) {
                Files.delete(root);
            }
        } catch (IOException e) {
            throw unwritable(root, e);
        }
    }

    /** Lets go of the folder. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw unwritable(root, e);
        }
    }

    private static boolean isEmpty(Path root) throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.findAny().isEmpty();
        }
    }

    private static UserError unwritable(Path path, IOException e) {
        return new UserError("cannot write to the output folder " + path + ": " + Reasons.of(e), e);
    }
}
