package io.murmuration.cluster.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.config.SettingsLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Nothing grows with the number of steps. The same for `tiny` and 2,000 steps: bench/soak. */
final class MemorySoakIT {

    private static final int STEPS = 450;
    private static final int WARM = 150;
    private static final long MIB = 1 << 20;

    /** A leak of one frame (8 KiB) per microbatch would be 19 MiB of heap by the end. */
    private static final long HEAP_GROWTH = 4 * MIB;

    /** A leak of one stage's state per step would be over 100 MiB; compiled code and arenas of malloc move some 20. */
    private static final long RESIDENT_GROWTH = 64 * MIB;

    @Test
    @EnabledOnOs(OS.LINUX)
    void heap_and_resident_memory_stay_flat(@TempDir Path folder) {
        TreeMap<Long, Long> heap = new TreeMap<>();
        TreeMap<Long, Long> resident = new TreeMap<>();
        RunListener meter = new RunListener() {
            @Override
            public void stepped(StepReport report) {
                if (report.step() == WARM || report.step() == STEPS - 1) {
                    System.gc();
                    heap.put(
                            report.step(),
                            ManagementFactory.getMemoryMXBean()
                                    .getHeapMemoryUsage()
                                    .getUsed());
                    resident.put(report.step(), residentBytes());
                }
            }
        };

        new LocalRuns()
                .run(
                        SettingsLoader.defaultsWith(
                                "model.preset=nano",
                                "steps=" + STEPS,
                                "validation.every=50",
                                "validation.windows=16",
                                "checkpoint.every=25",
                                "compute.threads=2"),
                        folder,
                        Optional.empty(),
                        meter,
                        new StopSignal());

        assertThat(heap.lastEntry().getValue() - heap.firstEntry().getValue())
                .as("growth of the heap after collection, bytes at steps %s", heap)
                .isLessThan(HEAP_GROWTH);
        assertThat(resident.lastEntry().getValue() - resident.firstEntry().getValue())
                .as("growth of resident memory, bytes at steps %s", resident)
                .isLessThan(RESIDENT_GROWTH);
    }

    private static long residentBytes() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
