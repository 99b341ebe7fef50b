package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** What an observer of the run is told, in order. */
public sealed interface RunEvent {

    /** The run begins, or begins again after {@link RolledBack}. */
    record Started(Roster roster, long version) implements RunEvent {}

    /**
     * A coordinator has the promises of enough members and goes on with what they hold.
     *
     * @param how where the run was found
     */
    record TookOver(Member coordinator, long term, long version, String how) implements RunEvent {}

    /** This coordinator has no power any more; another has, and the run goes on under it. */
    record Superseded(Member coordinator, long term, String reason) implements RunEvent {}

    /** This coordinator stops at a step boundary, so that another may take over. */
    record HandedOver(Member coordinator, long term, long version) implements RunEvent {}

    /**
     * What was learnt after version {@code to} is lost: {@code from - to} steps. Everybody starts over.
     *
     * @param from the newest version that was complete
     * @param to that of the newest checkpoint that a keeper serves, or the one the run started from
     */
    record RolledBack(long from, long to, String reason) implements RunEvent {}

    /**
     * A stage has lost its last replica and is built from its neighbours at the version in place, which stays.
     *
     * @param reason how it was lost
     */
    record Rebuilding(int stage, long version, String reason) implements RunEvent {}

    /**
     * {@code member} holds {@code stage} as it was built from its neighbours: other parameters than were in place at this
     * version before. A step that was open has begun anew; the losses told of it may be those of the lost stage.
     *
     * @param below norm of the last gradient of the stage before it, which is what that stage counted for
     * @param above of the stage behind it
     */
    record Rebuilt(Member member, int stage, long version, double below, double above) implements RunEvent {}

    /** The run cannot go on until somebody comes. */
    record Waiting(String reason) implements RunEvent {}

    /** A member asked to go and went, at a step boundary; nothing is lost with it. */
    record Left(Member member, long version) implements RunEvent {}

    /**
     * Version {@code step + 1} is in place everywhere. After {@link TookOver} it may be told a second time, because nobody
     * knows whether the last coordinator still told it.
     *
     * @param loss mean over the step's microbatches, nats per token, before the update; after a takeover, over those that
     *     a living trainer knows (NaN if none)
     * @param counted microbatches counted, the same in every stage
     * @param replayed microbatch-stages that had to be replayed
     */
    record StepCommitted(
            long step, double loss, double gradientNorm, int counted, int replayed, int liveShards, Roster roster)
            implements RunEvent {}

    /** Mean loss of an evaluation of {@code version}, nats per token. */
    record Evaluated(long version, double loss, int microbatches) implements RunEvent {}

    record Lost(Member member, String reason) implements RunEvent {

        static final String DIFFERS = "its parameters differ from those of the majority";
        static final String CONTRADICTS = " again it got something else";
        static final String STARTS_OTHERWISE = "it starts with other parameters than its peers";

        /** Whether it is out because of what it holds, and not because it is gone. */
        public boolean differed() {
            return reason.equals(DIFFERS) || reason.equals(STARTS_OTHERWISE) || reason.endsWith(CONTRADICTS);
        }
    }

    /** A peer failed too often and does not come back. */
    record GivenUp(Member member, String reason) implements RunEvent {}

    /** The member begins to take a snapshot of {@code version} of its stage. */
    record Joining(Member member, int stage, long version) implements RunEvent {}

    /** So many quarters (1 to 3) of the snapshot are there. */
    record Fetching(Member member, int stage, long version, int quarters) implements RunEvent {}

    /** It did not come as far as the stage; it tries again, from a newer version. */
    record JoinFailed(Member member, long version, String reason) implements RunEvent {}

    /** The member holds what its stage holds and takes part from {@code version} on. */
    record Joined(Member member, long version) implements RunEvent {}

    /** The member has failed to join too often and stays out. */
    record Rejected(Member member, String reason) implements RunEvent {}

    /** {@code member} leaves stage {@code from} at this boundary; it starts over and joins stage {@code to}. */
    record Moving(Member member, int from, int to, long version) implements RunEvent {}

    /** Who was sent to stage {@code to} takes part there from {@code version} on. */
    record Moved(Member member, int from, int to, long version) implements RunEvent {}

    /** A move that was decided, and perhaps begun, does not come to its end. */
    record MoveDropped(Member member, int from, int to, String reason) implements RunEvent {}

    /** {@code receiver} says that {@code donor} served something wrong. */
    record BadDonor(Member donor, Member receiver, long version, String reason) implements RunEvent {}

    /** The checkpoint of {@code version} at {@code keeper} is damaged. */
    record Unsound(Member keeper, long version, String reason) implements RunEvent {}

    /** No step is opened any more, as was asked for: the run stands still at this version. */
    record Paused(long version) implements RunEvent {}

    /** Steps are opened again. */
    record Resumed(long version) implements RunEvent {}

    /** A checkpoint of {@code version} is safely kept at these keepers, at least one. */
    record Kept(long version, List<Member> keepers) implements RunEvent {
        public Kept {
            keepers = List.copyOf(keepers);
        }
    }

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
