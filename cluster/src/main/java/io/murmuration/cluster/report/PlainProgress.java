package io.murmuration.cluster.report;

import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.run.ValidationReport;
import java.nio.file.Path;

/** For files and pipes: a line now and then, none of them redrawn. */
final class PlainProgress implements Progress {

    /** Steps between two lines: often enough to see that it lives, seldom enough to read. */
    private static final int EVERY = 10;

    private final Terminal terminal;
    private long firstStep = 1;
    private long lastStep;

    PlainProgress(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public void started(RunInfo info) {
        firstStep = info.firstStep();
        lastStep = info.steps();
        terminal.out().println(Wording.started(info));
    }

    @Override
    public void stepped(StepReport report) {
        long step = report.step();
        if (step % EVERY == 0 || step == firstStep || step == lastStep) {
            terminal.out().println("step " + step + "/" + lastStep + "  " + Wording.step(report));
        }
    }

    @Override
    public void validated(ValidationReport report) {
        terminal.out().println(Wording.validated(report));
    }

    @Override
    public void checkpointed(long step, Path dir) {
        terminal.out().println(Wording.checkpointed(step, dir));
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
        terminal.err().println(line);
    }

    @Override
    public void finished(RunResult result) {}

    @Override
    public void close() {
        terminal.out().flush();
    }
}
