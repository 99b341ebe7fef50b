package io.murmuration.cluster.run;

import com.sun.management.OperatingSystemMXBean;
import io.murmuration.cluster.compute.MemoryPlan;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much memory a run's tensors may take.
 *
 * @param bytes outside the heap
 * @param from how that was found out, in words
 */
public record MemoryLimit(long bytes, String from) {

    private static final Path LINUX = Path.of("/proc/meminfo");
    private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");
    private static final Pattern TOTAL = Pattern.compile("MemTotal:\\s+(\\d+) kB");

    /**
     * What was found on this machine, in bytes.
     *
     * @param available what the system would give
     * @param from who says so
     * @param machine memory of the machine
     * @param allowed memory that a container has, or the machine's
     * @param free what is left of {@code allowed}
     * @param heap what the heap may still take
     */
    record Found(long available, String from, long machine, long allowed, long free, long heap) {

        MemoryLimit limit() {
            // Outside a container "free" leaves out the caches that the system would give up.
            boolean contained = allowed < machine && free < available;
            long most = contained ? free : available;
            return new MemoryLimit(
                    Math.max(0, most - heap),
                    (contained ? "what is left of the container's " + MemoryPlan.size(allowed) : from) + ", "
                            + MemoryPlan.size(most) + ", less " + MemoryPlan.size(heap)
                            + " that the heap may still take: -Xmx");
        }
    }

    /**
     * What the settings say, else what the system has available now less what the heap may still take: on Linux the
     * kernel's own estimate, which counts caches that it would give up, elsewhere what is free; never more than a
     * container has left.
     */
    public static MemoryLimit of(RunSettings settings) {
        long told = settings.compute().memoryBytes();
        return told > 0 ? new MemoryLimit(told, "compute.memory") : found().limit();
    }

    private static Found found() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        // The JDK reports a container's limit as the memory there is.
        long allowed = system.getTotalMemorySize();
        long free = system.getFreeMemorySize();
        String kernel = kernel();
        OptionalLong available = bytes(AVAILABLE, kernel);
        return new Found(
                available.orElse(free),
                available.isPresent() ? "MemAvailable of " + LINUX : "free memory of the system",
                bytes(TOTAL, kernel).orElse(allowed),
                allowed,
                free,
                Runtime.getRuntime().maxMemory() - Runtime.getRuntime().totalMemory());
    }

    private static String kernel() {
        if (!Files.isReadable(LINUX)) {
            return "";
        }
        try {
            return Files.readString(LINUX);
        } catch (IOException e) {
            return ""; // a sandbox that hides it; the JDK has an answer too
        }
    }

    private static OptionalLong bytes(Pattern pattern, String kernel) {
        Matcher line = pattern.matcher(kernel);
        return line.find() ? OptionalLong.of(Long.parseLong(line.group(1)) << 10) : OptionalLong.empty();
    }

    /** @throws UserError with the whole arithmetic if a run in this process needs more */
    public void require(MemoryPlan plan) {
        require(plan, "fewer replicas");
    }

    /**
     * As {@link #require(MemoryPlan)}.
     *
     * @param fewer what takes less at once, for the message
     */
    public void require(MemoryPlan plan, String fewer) {
        if (plan.total() > bytes) {
            throw new UserError("the model does not fit: "
                    + String.join("; ", plan.lines()) + ", of which " + MemoryPlan.size(bytes) + " are available ("
                    + from
                    + "); " + fewer + ", a smaller batch.microbatch, a shorter model.sequence or a smaller model take"
                    + " less, compute.memory sets another limit");
        }
    }
}
