package io.murmuration.cluster.report;

import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.StepReport;

/** For programs: standard output holds one object per step and a last one, and nothing else. */
final class JsonProgress implements Progress {

    private final Terminal terminal;

    JsonProgress(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public void stepped(StepReport report) {
        print(Events.line(Events.step(report)));
    }

    @Override
    public void finished(RunResult result) {
        print(Events.line(Events.finished(result)));
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
    public void close() {
        terminal.out().flush();
    }

    private void print(String line) {
        terminal.out().println(line);
        terminal.out().flush();
    }
}
