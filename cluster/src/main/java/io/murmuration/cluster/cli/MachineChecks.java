package io.murmuration.cluster.cli;

import com.sun.management.OperatingSystemMXBean;
import io.murmuration.cluster.compute.MemoryPlan;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.report.Reasons;
import io.murmuration.cluster.run.ComputeProbe;
import io.murmuration.cluster.run.MemoryLimit;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import jdk.incubator.vector.FloatVector;

/** What the doctor looks at. */
final class MachineChecks {

    private static final int JDK = 25;
    private static final double GIB = 1L << 30;

    /** The main job's process takes about this much, heap and native memory together. */
    private static final double ENOUGH_MEMORY = 1 * GIB;

    /** Three checkpoints of the largest preset, the log and the chart stay well below. */
    private static final double ENOUGH_DISK = 1 * GIB;

    /** No machine that runs this can honestly believe it is earlier. */
    private static final Instant EARLIEST = Instant.parse("2025-09-01T00:00:00Z");

    private MachineChecks() {}

    static Check jdk() {
        String found = "Java " + Runtime.version() + " of " + System.getProperty("java.vendor") + " in "
                + System.getProperty("java.home");
        return Runtime.version().feature() >= JDK
                ? Check.ok("JDK", found)
                : Check.red("JDK", found, "install a JDK " + JDK + " and point JAVA_HOME to it");
    }

    static Check vectors() {
        String cpu = System.getProperty("os.arch") + ", " + Runtime.getRuntime().availableProcessors() + " cores";
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return Check.red(
                    "CPU", cpu + ", no Vector API", "start through bin/murmuration, which adds jdk.incubator.vector");
        }
        int bits = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        String found = cpu + ", " + bits + "-bit vectors";
        return bits >= 128
                ? Check.ok("CPU", found)
                : Check.red("CPU", found, "training will be slow: use a machine with AVX2, AVX-512 or NEON");
    }

    static Check compute(ComputeProbe probe) {
        String remedy = "set compute.backend=java to train without it, slowly";
        try {
            return Check.ok("native", probe.describe());
        } catch (RuntimeException | LinkageError e) {
            return Check.red("native", "the native library does not work: " + e.getMessage(), remedy);
        }
    }

    static Check memory() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        String found = String.format(
                Locale.ROOT,
                "%.1f of %.1f GiB free, heap up to %.1f GiB",
                system.getFreeMemorySize() / GIB,
                system.getTotalMemorySize() / GIB,
                Runtime.getRuntime().maxMemory() / GIB);
        return system.getFreeMemorySize() >= ENOUGH_MEMORY
                ? Check.ok("memory", found)
                : Check.red("memory", found, "stop other programs: a run takes about 1 GiB");
    }

    /** Whether the run that the settings describe fits. */
    static Check model(RunSettings settings) {
        MemoryPlan plan = MemoryPlan.of(settings);
        MemoryLimit limit = MemoryLimit.of(settings);
        String found = String.format(
                Locale.ROOT,
                "%,d parameters, a run takes %s of %s (%s)",
                plan.parameters(),
                MemoryPlan.size(plan.total()),
                MemoryPlan.size(limit.bytes()),
                limit.from());
        return plan.total() <= limit.bytes()
                ? Check.ok("model", found)
                : Check.red("model", found, "bin/murmuration train --dry-run shows for what");
    }

    static Check ports() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return Check.ok("ports", "can listen on " + socket.getLocalSocketAddress());
        } catch (IOException e) {
            return Check.red(
                    "ports",
                    "cannot listen on the loopback address: " + Reasons.of(e),
                    "allow it in the sandbox or firewall");
        }
    }

    static Check clock(InstantSource clock) {
        Instant now = clock.instant();
        String found = now.truncatedTo(ChronoUnit.SECONDS).toString();
        return now.isAfter(EARLIEST)
                ? Check.ok("clock", found)
                : Check.red("clock", found + " has long passed", "set the clock, best by NTP");
    }

    /** Also of a folder that is not there yet: then the nearest one above it must take it. */
    static Check writable(String what, Path folder) {
        Path there = folder.toAbsolutePath().normalize();
        while (!Files.exists(there) && there.getNameCount() > 0) {
            there = there.getParent();
        }
        try {
            Files.delete(Files.createTempFile(there, "murmuration", ".probe"));
            double free = Files.getFileStore(there).getUsableSpace();
            String found = String.format(
                    Locale.ROOT,
                    "%s can be written, %.1f GiB free",
                    folder.toAbsolutePath().normalize(),
                    free / GIB);
            return free >= ENOUGH_DISK
                    ? Check.ok(what, found)
                    : Check.red(what, found, "make room, or name another folder with --out or MURMURATION_OUT");
        } catch (IOException e) {
            return Check.red(
                    what, "cannot write to " + folder + ": " + Reasons.of(e), "grant it, or name another folder");
        }
    }
}
