package io.murmuration.cluster.node;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Reasons;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The folder of a node: its checkpoints, its log, and the number of its life. One process uses it at a time. */
final class NodeDirectory implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(NodeDirectory.class);

    private static final String LOCK = ".lock";
    private static final String LIFE = "life";
    private static final String LOG = "node.log";

    private final Path root;
    private final FileChannel lock;

    private NodeDirectory(Path root, FileChannel lock) {
        this.root = root;
        this.lock = lock;
    }

    /** @throws UserError if it cannot be written to, or another process uses it */
    static NodeDirectory open(Path root) {
        try {
            Files.createDirectories(root);
            FileChannel channel =
                    FileChannel.open(root.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!locked(channel)) {
                channel.close();
                throw new UserError("another process uses the folder " + root + " (node.work): is this node running?");
            }
            return new NodeDirectory(root, channel);
        } catch (IOException e) {
            throw unwritable(root, e);
        }
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    Path root() {
        return root;
    }

    Path log() {
        return root.resolve(LOG);
    }

    /**
     * Begins another life. Its number is higher than any before: by the stored one, and by the clock, should the folder have
     * been lost.
     *
     * @throws UserError if the number cannot be stored
     */
    long nextLife(InstantSource clock) {
        Path file = root.resolve(LIFE);
        Path fresh = root.resolve(LIFE + ".new");
        try {
            long life = Math.max(last(file) + 1, clock.instant().getEpochSecond());
            try (FileChannel channel = FileChannel.open(
                    fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                channel.write(StandardCharsets.US_ASCII.encode(life + "\n"));
                channel.force(true);
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return life;
        } catch (IOException e) {
            throw unwritable(root, e);
        }
    }

    /** 0 if it was lost, or damaged when the machine failed: then the clock is enough. */
    private static long last(Path file) throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        String text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
        // At most 18 digits: as a number of lives far beyond any clock.
        if (!text.matches("[0-9]{1,18}")) {
            LOGGER.warn("{} should hold the number of this node's life, and is damaged: taken from the clock", file);
            return 0;
        }
        return Long.parseLong(text);
    }

    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw unwritable(root, e);
        }
    }

    private static UserError unwritable(Path root, IOException e) {
        return new UserError("cannot write to the folder " + root + " (node.work): " + Reasons.of(e), e);
    }
}
