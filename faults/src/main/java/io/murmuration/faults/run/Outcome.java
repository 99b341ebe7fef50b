package io.murmuration.faults.run;

import io.murmuration.faults.check.Check;
import io.murmuration.faults.check.Measurements;
import io.murmuration.faults.check.NothingLost;
import io.murmuration.faults.simulation.world.LinkCount;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one run left behind.
 *
 * @param checks that looked on
 * @param lost what became of committed versions
 * @param checkpoint the newest sound one of the last version; real numbers only
 * @param controlSent control messages by the node that sent them
 * @param historyHash of a simulated run
 * @param events that happened in the simulated world
 * @param notes what a reader should know
 */
record Outcome(
        Measurements measurements,
        List<Check> checks,
        NothingLost lost,
        Optional<Path> checkpoint,
        List<LinkCount> links,
        Map<String, Long> controlSent,
        Optional<String> historyHash,
        long events,
        List<String> notes) {

    Outcome {
        checks = List.copyOf(checks);
        links = List.copyOf(links);
        notes = List.copyOf(notes);
    }
}
