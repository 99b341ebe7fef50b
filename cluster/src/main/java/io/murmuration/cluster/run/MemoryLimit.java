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

    /**
     * What the settings say, else what the system has available now: on Linux the kernel's own estimate, which counts
     * caches that it would give up, elsewhere what is free; never more than a container is allowed.
     */
    public static MemoryLimit of(RunSettings settings) {
        long told = settings.compute().memoryBytes();
        if (told > 0) {
            return new MemoryLimit(told, "compute.memory");
        }
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        OptionalLong kernel = available();
        long found = kernel.orElse(system.getFreeMemorySize());
        String from = kernel.isPresent() ? "MemAvailable of " + LINUX : "free memory of the system";
        // The JDK reports a container's limit as the memory there is.
        return system.getTotalMemorySize() < found
                ? new MemoryLimit(system.getTotalMemorySize(), "limit of the container")
                : new MemoryLimit(found, from);
    }

    private static OptionalLong available() {
        if (!Files.isReadable(LINUX)) {
            return OptionalLong.empty();
        }
        try {
            Matcher line = AVAILABLE.matcher(Files.readString(LINUX));
            return line.find() ? OptionalLong.of(Long.parseLong(line.group(1)) << 10) : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty(); // a sandbox that hides it; the JDK has an answer too
        }
    }

    /** @throws UserError with the whole arithmetic if a run needs more */
    public void require(MemoryPlan plan) {
        if (plan.total() > bytes) {
            throw new UserError("the model does not fit: "
                    + String.join("; ", plan.lines()) + ", of which " + MemoryPlan.size(bytes) + " are available ("
                    + from
                    + "); fewer replicas, a smaller batch.microbatch, a shorter model.sequence or a smaller model take"
                    + " less, compute.memory sets another limit");
        }
    }
}
