package io.murmuration.cluster.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.RunListener;
import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.run.ValidationReport;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.function.Consumer;

/**
 * Streams every event to {@code metrics.jsonl}, each line with the time in milliseconds since 1970, each flushed. A write
 * that fails (full disk) is reported once; the run goes on and every later event is tried again.
 */
public final class MetricsFile implements RunListener, AutoCloseable {

    private final OutputStream file;
    private final InstantSource clock;
    private final Consumer<String> complaints;
    private boolean complained;
    private boolean lineMayBeTorn;

    /** @param complaints gets one line when a write fails for the first time */
    MetricsFile(OutputStream file, InstantSource clock, Consumer<String> complaints) {
        this.file = file;
        this.clock = clock;
        this.complaints = complaints;
    }

    @Override
    public void started(RunInfo info) {
        write(Events.started(info));
    }

    @Override
    public void stepped(StepReport report) {
        write(Events.step(report));
    }

    @Override
    public void validated(ValidationReport report) {
        write(Events.validated(report));
    }

    @Override
    public void checkpointed(long step, Path dir) {
        write(Events.checkpointed(step, dir));
    }

    @Override
    public void checkpointFailed(long step, String why) {
        write(Events.checkpointFailed(step, why));
    }

    @Override
    public void shardLost(String what) {
        write(Events.shard("shardLost", what));
    }

    @Override
    public void shardRestarted(String what) {
        write(Events.shard("shardRestarted", what));
    }

    /** The last line of a run. */
    public void finished(RunResult result) {
        write(Events.finished(result));
    }

    private void write(ObjectNode event) {
        String line = Events.line(event.put("time", clock.millis())) + "\n";
        try {
            file.write((lineMayBeTorn ? "\n" + line : line).getBytes(StandardCharsets.UTF_8));
            file.flush();
            lineMayBeTorn = false;
        } catch (IOException e) {
            lineMayBeTorn = true;
            complain(e);
        }
    }

    private void complain(IOException e) {
        if (!complained) {
            complained = true;
            complaints.accept("cannot write " + RunDirectory.METRICS + ": " + e.getMessage() + "; the run goes on");
        }
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            complain(e);
        }
    }
}
