package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Roster;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who has asked to go. Between two steps a member holds nothing but its version, which its peers have, so that is when it
 * is let go; but the last one of its kind stays until somebody has come in its place. Pure and single-threaded.
 */
final class Departures {

    private final Desk desk;
    private final Set<Member> asking = new TreeSet<>();

    Departures(Desk desk) {
        this.desk = desk;
    }

    void asked(Member member) {
        asking.add(member);
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

    /** Lets go of all who can be spared. */
    void atBoundary() {
        for (Member member : List.copyOf(asking)) {
            if (!desk.roster.contains(member)) {
                discharge(member);
            } else if (!desk.checkpoints.needs(member) && !last(member)) {
                desk.roster = desk.roster.without(member);
                desk.proven = desk.proven.without(member);
                discharge(member);
                desk.tell(new RunEvent.Left(member, desk.version));
            }
        }
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
