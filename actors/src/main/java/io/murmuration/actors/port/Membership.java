package io.murmuration.actors.port;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import java.util.function.Consumer;

/** The membership seam: who is there, and who of the coordinators leads. */
public interface Membership {

    /** What is seen of a member. */
    sealed interface Event {
        Member member();
    }

    record Joined(Member member, Role role) implements Event {}

    /** Route around it; it may come back. */
    record Unreachable(Member member) implements Event {}

    record Reachable(Member member) implements Event {}

    /** Gone for good: its work is to be done elsewhere. */
    record Removed(Member member, String reason) implements Event {}

    /**
     * That member, of role {@link Role#COORDINATOR}, leads from now on. Who has not been told otherwise for a while may be
     * wrong about it: terms decide.
     */
    record Leads(Member member) implements Event {}

    void join(Member member, Role role);

    /** Says that {@code member} is gone, with the reason. */
    void leave(Member member, String reason);

    /** Tells {@code listener} of everybody present and who leads, and then of every change; it must hand over and return at once. */
    void subscribe(Member self, Consumer<Event> listener);

    void unsubscribe(Member self);
}
