package io.murmuration.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The process's own memory as the system counts it. */
final class ResidentSize {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String PEAK = "VmHWM:";
    private static final long KIB = 1024;

    private ResidentSize() {}

    /** The largest resident size so far, or -1 where the system has no {@code /proc}. */
    static long peakBytes() {
        if (!Files.isReadable(STATUS)) {
            return -1;
        }
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(PEAK)) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * KIB;
                }
            }
            return -1;
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot read " + STATUS, cause);
        }
    }
}
