package io.murmuration.cluster.report;

import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.run.ValidationReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** For a person: one bar that is redrawn, and above it the lines that stay. */
final class BarProgress implements Progress {

    /** Redraws per second are of no use to the eye beyond five, and each costs a little of two cores. */
    private static final int REDRAW_MILLIS = 200;

    private static final String CLEAR_LINE = "\r\u001b[K";

    private final Terminal terminal;
    private final Object screen = new Object();
    private Optional<ProgressBar> bar = Optional.empty();
    private String drawn = "";

    BarProgress(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public void started(RunInfo info) {
        notice(Wording.started(info));
        long done = info.firstStep() - 1;
        // Not the library's own console: it would ask JLine for the width, and JLine would take Ctrl-C from us.
        bar = Optional.of(new ProgressBarBuilder()
                .setTaskName("step")
                .setInitialMax(info.steps())
                .startsFrom(done, Duration.ZERO)
                .setUpdateIntervalMillis(REDRAW_MILLIS)
                .setStyle(terminal.unicode() ? ProgressBarStyle.UNICODE_BLOCK : ProgressBarStyle.ASCII)
                .setMaxRenderedLength(terminal.width() - 1)
                .setConsumer(new DelegatingProgressBarConsumer(this::draw, terminal.width() - 1))
                .build());
    }

    @Override
    public void stepped(StepReport report) {
        bar.ifPresent(b -> b.stepTo(report.step()).setExtraMessage(Wording.step(report)));
    }

    @Override
    public void validated(ValidationReport report) {
        notice(Wording.validated(report));
    }

    @Override
    public void checkpointed(long step, Path dir) {
        notice(Wording.checkpointed(step, dir));
    }

    @Override
    public void checkpointFailed(long step, String why) {
        notice(Wording.checkpointFailed(step, why));
    }

    @Override
    public void shardLost(String what) {
        notice(what);
    }

    @Override
    public void shardRestarted(String what) {
        notice(what);
    }

    @Override
    public void notice(String line) {
        synchronized (screen) {
            terminal.out().print(CLEAR_LINE + line + System.lineSeparator() + drawn);
            terminal.out().flush();
        }
    }

    @Override
    public void finished(RunResult result) {}

    @Override
    public void close() {
        bar.ifPresent(ProgressBar::close);
        bar = Optional.empty();
        synchronized (screen) {
            if (!drawn.isEmpty()) {
                drawn = "";
                terminal.out().println();
            }
            terminal.out().flush();
        }
    }

    /** Called by the library's own thread. */
    private void draw(String line) {
        synchronized (screen) {
            drawn = line.stripTrailing();
            terminal.out().print(CLEAR_LINE + drawn);
            terminal.out().flush();
        }
    }
}
