package io.murmuration.cluster.report;

import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.RunListener;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.run.ValidationReport;
import java.nio.file.Path;
import java.util.List;

/** Tells several listeners, in their order. */
public record CombinedListener(List<RunListener> listeners) implements RunListener {

    public CombinedListener {
        listeners = List.copyOf(listeners);
    }

    @Override
    public void noticed(String line) {
        listeners.forEach(each -> each.noticed(line));
    }

    @Override
    public void started(RunInfo info) {
        listeners.forEach(each -> each.started(info));
    }

    @Override
    public void stepped(StepReport report) {
        listeners.forEach(each -> each.stepped(report));
    }

    @Override
    public void validated(ValidationReport report) {
        listeners.forEach(each -> each.validated(report));
    }

    @Override
    public void checkpointed(long step, Path dir) {
        listeners.forEach(each -> each.checkpointed(step, dir));
    }

    @Override
    public void checkpointFailed(long step, String why) {
        listeners.forEach(each -> each.checkpointFailed(step, why));
    }

    @Override
    public void shardLost(String what) {
        listeners.forEach(each -> each.shardLost(what));
    }

    @Override
    public void shardRestarted(String what) {
        listeners.forEach(each -> each.shardRestarted(what));
    }
}
