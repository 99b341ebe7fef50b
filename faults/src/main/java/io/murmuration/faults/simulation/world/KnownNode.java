package io.murmuration.faults.simulation.world;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.faults.simulation.EventLoop;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What is true of a node, whoever knows it. */
final class KnownNode {

    /** How the present life of a node stands. */
    enum Standing {
        /** Not running, or has left. */
        ABSENT,
        /** Running, and no member yet. */
        JOINING,
        UP,
        /** Running or frozen, and the others have removed it. */
        REMOVED
    }

    final String name;
    final int index;
    final boolean coordinator;

    Standing standing = Standing.ABSENT;
    long life;
    /** Grows with the order of becoming a member: the least is the oldest. */
    long age = Long.MAX_VALUE;
    /** What the present life hosts. */
    final Map<Member, Role> hosted = new LinkedHashMap<>();
    /** Which life the cluster counts as a member; 0: none. */
    long memberLife;
    /** What the cluster knows it to host. */
    final Map<Member, Role> members = new LinkedHashMap<>();
    /** Grows with every change of the two above. */
    long version;

    private final Map<Member, String> reasons = new LinkedHashMap<>();
    private String reason = "";

    /** Since when it is not on the side with the quorum; negative: it is. */
    long missingSince = -1;

    Optional<EventLoop.Event> removal = Optional.empty();
    Optional<EventLoop.Event> joining = Optional.empty();
    Optional<EventLoop.Event> verdict = Optional.empty();
    NodeView view = new NodeView();

    KnownNode(String name, int index, boolean coordinator) {
        this.name = name;
        this.index = index;
        this.coordinator = coordinator;
    }

    boolean isMember() {
        return memberLife > 0;
    }

    /** Its present life is the one that the cluster counts. */
    boolean isUp() {
        return standing == Standing.UP;
    }

    Optional<Member> coordinatorMember() {
        return members.entrySet().stream()
                .filter(entry -> entry.getValue() == Role.COORDINATOR)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    void gone(Member member, String why) {
        reasons.put(member, why);
    }

    void allGone(String why) {
        members.clear();
        memberLife = 0;
        age = Long.MAX_VALUE;
        reason = why;
    }

    /** Its present life is a member from now on; what an earlier one hosted is gone. */
    void becomesMember(long number) {
        reasons.clear();
        reason = name + " came back in a new life";
        standing = Standing.UP;
        age = number;
        memberLife = life;
        members.clear();
        members.putAll(hosted);
    }

    String reasonOf(Member member) {
        return reasons.getOrDefault(member, reason);
    }
}
