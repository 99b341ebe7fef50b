package io.murmuration.cluster.node;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Reasons;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;

/** The folder of a node: its checkpoints, its log, and the number of its life. One process uses it at a time. */
final class NodeDirectory implements AutoCloseable {

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
     * @throws UserError if the number cannot be read or stored
     */
    long nextLife(InstantSource clock) {
        Path file = root.resolve(LIFE);
        Path fresh = root.resolve(LIFE + ".new");
        try {
            long last =
                    Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
            long life = Math.max(last + 1, clock.instant().getEpochSecond());
            Files.writeString(fresh, life + "\n");
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return life;
        } catch (NumberFormatException e) {
            throw new UserError(file + " should hold the number of this node's life: delete it if it is damaged", e);
        } catch (IOException e) {
            throw unwritable(root, e);
        }
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
