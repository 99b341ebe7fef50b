package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Lines of the log. */
final class EventLogTest {

    private static final Roster ROSTER =
            new Roster(new Epoch(1, 1), List.of(List.of(Member.of("eu-1:shard", 1))), List.of());

    private static RunEvent step(long step, Roster roster) {
        return new RunEvent.StepCommitted(step, 2.5, 1, 8, 0, 1, roster);
    }

    @Test
    void the_roster_is_told_when_it_is_another() {
        EventLog log = new EventLog();
        assertThat(log.line(new RunEvent.Started(ROSTER, 0))).contains("eu-1:shard");
        assertThat(log.line(step(0, ROSTER)))
                .isEqualTo(
                        "StepCommitted[step=0, loss=2.5, gradientNorm=1.0, counted=8," + " replayed=0, liveShards=1]");
        Roster next = new Roster(new Epoch(1, 2), ROSTER.stages(), List.of(Member.of("eu-2:trainer", 1)));
        assertThat(log.line(step(1, next))).contains("step=1", "eu-2:trainer");
        assertThat(log.line(step(2, next))).doesNotContain("eu-2");
    }
}
