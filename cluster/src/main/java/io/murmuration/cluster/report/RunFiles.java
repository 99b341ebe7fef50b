package io.murmuration.cluster.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.RunListener;
import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.run.ValidationReport;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;

/**
 * Keeps {@code metrics.jsonl} and {@code loss.png} of a run directory. Nothing is written before the run has started; a
 * resumed run continues both from its checkpoint on.
 */
public final class RunFiles implements RunListener, AutoCloseable {

    private final RunDirectory directory;
    private final InstantSource clock;
    private final Consumer<String> complaints;
    private final LossChart chart;
    private MetricsFile metrics;

    /**
     * @param name title of the chart
     * @param complaints gets a line when a file cannot be written
     */
    public RunFiles(RunDirectory directory, String name, InstantSource clock, Consumer<String> complaints) {
        this.directory = directory;
        this.clock = clock;
        this.complaints = complaints;
        this.chart = new LossChart(name);
        this.metrics = new MetricsFile(OutputStream.nullOutputStream(), clock, complaints);
    }

    @Override
    public void started(RunInfo info) {
        chart.unit(Wording.unit(info.bytesPerToken()));
        try {
            List<JsonNode> history = MetricsHistory.before(info.firstStep(), directory.metrics());
            StringBuilder kept = new StringBuilder();
            for (JsonNode event : history) {
                kept.append(event).append('\n');
                remember(event);
            }
            WholeFiles.write(directory.metrics(), kept.toString().getBytes(StandardCharsets.UTF_8));
            metrics = new MetricsFile(
                    Files.newOutputStream(directory.metrics(), StandardOpenOption.APPEND), clock, complaints);
        } catch (IOException e) {
            complaints.accept("cannot write " + directory.metrics() + ": " + Reasons.of(e) + "; the run goes on");
        }
        metrics.started(info);
    }

    private void remember(JsonNode event) {
        long step = event.path("step").asLong();
        double loss = event.path("loss").asDouble(Double.NaN);
        switch (event.path("event").asText()) {
            case "step" -> chart.trained(step, loss);
            case "validated" -> chart.validated(step, loss);
            default -> {}
        }
    }

    @Override
    public void stepped(StepReport report) {
        chart.trained(report.step(), report.loss());
        metrics.stepped(report);
    }

    @Override
    public void validated(ValidationReport report) {
        chart.validated(report.step(), report.loss());
        metrics.validated(report);
    }

    @Override
    public void checkpointed(long step, Path dir) {
        metrics.checkpointed(step, dir);
    }

    @Override
    public void checkpointFailed(long step, String why) {
        metrics.checkpointFailed(step, why);
    }

    @Override
    public void shardLost(String what) {
        metrics.shardLost(what);
    }

    @Override
    public void shardRestarted(String what) {
        metrics.shardRestarted(what);
    }

    /** The run's last line. */
    public void finished(RunResult result) {
        metrics.finished(result);
    }

    /** Draws the chart and closes the files, also after a run that failed. */
    @Override
    public void close() {
        metrics.close();
        if (!chart.isEmpty()) {
            draw();
        }
    }

    private void draw() {
        try {
            chart.draw(directory.chart());
        } catch (IOException e) {
            complaints.accept("no " + directory.chart() + ": " + Reasons.of(e));
        } catch (UserError e) {
            complaints.accept("no " + directory.chart() + ": " + e.getMessage());
        }
    }
}
