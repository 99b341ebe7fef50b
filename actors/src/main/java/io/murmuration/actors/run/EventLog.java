package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Roster;

/** Events as lines of a log: the roster of a step only where it is another than before, because it is the longest part. */
final class EventLog {

    private Roster last = Roster.EMPTY;

    String line(RunEvent event) {
        if (event instanceof RunEvent.Started started) {
            last = started.roster();
        }
        if (!(event instanceof RunEvent.StepCommitted step)) {
            return event.toString();
        }
        String line = "StepCommitted[step=" + step.step() + ", loss=" + step.loss() + ", gradientNorm="
                + step.gradientNorm() + ", counted=" + step.counted() + ", replayed=" + step.replayed()
                + ", liveShards=" + step.liveShards();
        boolean same = step.roster().equals(last);
        last = step.roster();
        return same ? line + "]" : line + ", roster=" + step.roster() + "]";
    }
}
