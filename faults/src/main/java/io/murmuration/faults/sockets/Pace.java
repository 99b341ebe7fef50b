package io.murmuration.faults.sockets;

import io.murmuration.actors.port.Compute.Task;
import io.murmuration.faults.simulation.compute.StageCosts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A device that is slower than this machine: a task keeps its thread until the time is over that the device would take, so
 * that nothing else begins on it before. What computes already takes longer is not made faster.
 *
 * @param factor by which everything on it takes longer; below 1: a faster device, as far as this machine goes
 * @param stages what the passes of a microbatch take on it at factor 1; empty: nothing is known of the device
 */
public record Pace(double factor, List<StageCosts> stages) {

    private static final int NUMBERS = 4;

    public Pace {
        stages = List.copyOf(stages);
        if (!(factor > 0) || Double.isInfinite(factor)) {
            throw new IllegalArgumentException("everything takes a time, got the factor " + factor);
        }
    }

    /** As fast as this machine is. */
    public static final Pace NONE = new Pace(1, List.of());

    /**
     * How long a task is to take at least.
     *
     * @param stage of its owner
     * @param took nanoseconds that it has taken here
     */
    long nanos(Task<?> task, int stage, long took) {
        long modelled = stage < stages.size() ? stages.get(stage).nanos(task) : 0;
        long least = factor > 1 ? Math.max(modelled, took) : modelled;
        return Math.max(took, Math.round(factor * least));
    }

    /** Writes it for a process to read, now or while it runs. */
    public void write(Path file) {
        StringBuilder text = new StringBuilder(factor + "\n");
        for (StageCosts stage : stages) {
            text.append(stage.forward())
                    .append(' ')
                    .append(stage.loss())
                    .append(' ')
                    .append(stage.evaluation())
                    .append(' ')
                    .append(stage.backward())
                    .append('\n');
        }
        try {
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.writeString(fresh, text);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("the pace of a device cannot be written", e);
        }
    }

    /** Reads what {@link #write} wrote. */
    static Pace read(Path file) {
        try {
            List<String> lines = Files.readAllLines(file);
            List<StageCosts> stages = new ArrayList<>();
            for (String line : lines.subList(1, lines.size())) {
                long[] nanos = Arrays.stream(line.split(" "))
                        .mapToLong(Long::parseLong)
                        .toArray();
                if (nanos.length != NUMBERS) {
                    throw new IllegalStateException(file + ": expected four times a stage, got \"" + line + "\"");
                }
                stages.add(new StageCosts(nanos[0], nanos[1], nanos[2], nanos[3]));
            }
            return new Pace(Double.parseDouble(lines.getFirst()), stages);
        } catch (IOException e) {
            throw new UncheckedIOException("the pace of a device cannot be read: " + file, e);
        }
    }
}
