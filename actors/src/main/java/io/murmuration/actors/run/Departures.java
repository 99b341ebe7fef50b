package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Roster;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Who has asked to go. Between two steps a member holds nothing but its version, which its peers have, so that is when it
 * is let go; but the last one of its kind stays until somebody has come in its place. For the last replica of a stage
 * nobody may come: after {@code promise-wait} its version is kept and it goes, and the others begin again from there. Pure and
 * single-threaded.
 */
final class Departures {

    private final Desk desk;
    /** Who asks, and since when. */
    private final Map<Member, Long> asking = new TreeMap<>();

    private boolean wantsKept;

    Departures(Desk desk) {
        this.desk = desk;
    }

    void asked(Member member) {
        asking.putIfAbsent(member, desk.now);
    }

    boolean wantsToGo(Member member) {
        return asking.containsKey(member);
    }

    void removed(Member member) {
        asking.remove(member);
    }

    /** Lets go of a member that nobody needs. It is told again whenever it asks again. */
    void discharge(Member member) {
        asking.remove(member);
        desk.joins.gone(member);
        desk.members.removed(member);
        desk.send(member, new MemberMessage.Discharged(desk.epoch()));
    }

    /**
     * Lets go of all who can be spared.
     *
     * @return the stage that has lost its last replica, which left because this version is kept
     */
    OptionalInt atBoundary() {
        wantsKept = false;
        for (Member member : List.copyOf(asking.keySet())) {
            if (!desk.roster.contains(member)) {
                discharge(member);
            } else if (!desk.checkpoints.needs(member) && !last(member)) {
                left(member);
            }
        }
        for (Map.Entry<Member, Long> request : asking.entrySet()) {
            Member member = request.getKey();
            OptionalInt stage = desk.roster.stageOf(member);
            if (desk.now - request.getValue() >= desk.plan.promiseWait().toNanos()
                    && stage.isPresent()
                    && desk.roster.stage(stage.getAsInt()).size() == 1
                    && !desk.checkpoints.needs(member)) {
                wantsKept = true;
                if (desk.checkpoints.newest(desk.version, desk.version).isPresent()) {
                    left(member);
                    return stage;
                }
            }
        }
        return OptionalInt.empty();
    }

    /** Whether somebody waits for the next boundary. */
    boolean waitForBoundary() {
        return !asking.isEmpty();
    }

    /** Whether the last replica of a stage waits for a checkpoint of this version. */
    boolean wantsKept() {
        return wantsKept;
    }

    private void left(Member member) {
        desk.roster = desk.roster.without(member);
        desk.proven = desk.proven.without(member);
        discharge(member);
        desk.tell(new RunEvent.Left(member, desk.version));
    }

    /** Who cannot be reached may be gone already. */
    private boolean stays(Member other, Member going) {
        return !other.equals(going) && desk.promises.isReachable(other);
    }

    private boolean last(Member member) {
        Roster roster = desk.roster;
        OptionalInt stage = roster.stageOf(member);
        boolean last = stage.isPresent()
                ? roster.stage(stage.getAsInt()).stream()
                        .noneMatch(other -> stays(other, member) && desk.proven.contains(other))
                : roster.trainers().stream().noneMatch(other -> stays(other, member));
        if (last) {
            desk.waitFor(member + " wants to go and is the last "
                    + (stage.isPresent() ? "replica of stage " + stage.getAsInt() : "trainer"));
        }
        return last;
    }
}
