package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import java.util.SortedMap;
import java.util.TreeMap;

/** What an observer of the run is told, in order. */
public sealed interface RunEvent {

    record Started(Roster roster, long version) implements RunEvent {}

    /**
     * Version {@code step + 1} is in place everywhere.
     *
     * @param loss mean over the step's microbatches, nats per token, before the update
     * @param counted microbatches counted, the same in every stage
     * @param replayed microbatch-stages that had to be replayed
     */
    record StepCommitted(
            long step, double loss, double gradientNorm, int counted, int replayed, int liveShards, Roster roster)
            implements RunEvent {}

    /** Mean loss of an evaluation of {@code version}, nats per token. */
    record Evaluated(long version, double loss, int microbatches) implements RunEvent {}

    record Lost(Member member, String reason) implements RunEvent {}

    record Joined(Member member, long version) implements RunEvent {}

    record Kept(long version) implements RunEvent {}

    record NotKept(long version, String reason) implements RunEvent {}

    /**
     * The run is over.
     *
     * @param digests parameters and optimiser state of every stage
     * @param stopped before the plan's last version, on request
     */
    record Finished(long version, SortedMap<Integer, String> digests, boolean stopped) implements RunEvent {
        public Finished {
            digests = new TreeMap<>(digests);
        }
    }

    record Failed(String reason) implements RunEvent {}
}
