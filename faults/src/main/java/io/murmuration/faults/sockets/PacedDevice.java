package io.murmuration.faults.sockets;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps the threads of a node's pool as long as the {@link Pace} in a file says, which may change while the node runs, and
 * knows when the tasks on them began. One per life of a node, so what it remembers is bounded by who lives there. Thread-safe.
 */
final class PacedDevice {

    /** System property: the file that says how slow this process's device is. Without it, it is as fast as the machine. */
    static final String PROPERTY = "murmuration.pace";

    private final Optional<Path> file;
    private final Map<Member, Integer> stages = new HashMap<>();
    private final Map<Member, Long> ownerFree = new HashMap<>();
    private final Map<Thread, Long> threadFree = new HashMap<>();
    private Pace pace = Pace.NONE;
    private FileTime read = FileTime.fromMillis(0);

    PacedDevice(Optional<Path> file) {
        this.file = file;
    }

    static PacedDevice ofProcess() {
        return new PacedDevice(Optional.ofNullable(System.getProperty(PROPERTY)).map(Path::of));
    }

    /** The stage of whoever submits from now on. */
    synchronized void opened(Member owner, int stage) {
        stages.put(owner, stage);
    }

    synchronized int stage(Member owner) {
        return stages.getOrDefault(owner, 0);
    }

    /**
     * On the thread that has computed a task: waits until it is over on the device.
     *
     * @param submitted when it was handed in, by {@link System#nanoTime}
     * @param paced whether it is the device that does it, and not the disk
     * @return nanoseconds that it kept the device
     */
    long ended(Member owner, Compute.Task<?> task, long submitted, boolean paced) {
        long now = System.nanoTime();
        long begun = begun(owner, submitted);
        if (paced) {
            long until = begun + pace().nanos(task, stage(owner), now - begun);
            while (until - System.nanoTime() > 0) {
                LockSupport.parkNanos(until - System.nanoTime());
            }
        }
        long end = System.nanoTime();
        free(owner, end);
        return end - begun;
    }

    /** A task begins when it is submitted, or when both its owner and its thread are done with the one before. */
    private synchronized long begun(Member owner, long submitted) {
        long begun = submitted;
        for (Long free : new Long[] {ownerFree.get(owner), threadFree.get(Thread.currentThread())}) {
            if (free != null && free - begun > 0) {
                begun = free;
            }
        }
        return begun;
    }

    private synchronized void free(Member owner, long end) {
        ownerFree.put(owner, end);
        threadFree.put(Thread.currentThread(), end);
    }

    private synchronized Pace pace() {
        file.ifPresent(path -> {
            try {
                FileTime written = Files.getLastModifiedTime(path);
                if (!written.equals(read)) {
                    pace = Pace.read(path);
                    read = written;
                }
            } catch (IOException e) {
                throw new UncheckedIOException("the pace of this device cannot be read: " + path, e);
            }
        });
        return pace;
    }
}
