package io.murmuration.faults.simulation.world;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What one life of a node has been told of the others. News is always the difference between that and what is true when
 * it arrives, so it never contradicts itself, and who was cut off for a while learns at once where things stand.
 */
final class NodeView {

    /** What was told of one node. */
    private static final class Told {
        private long version;
        private boolean unreachable;
        private final Map<Member, Role> members = new LinkedHashMap<>();
    }

    private final Map<String, Told> told = new LinkedHashMap<>();
    private final Map<Member, Consumer<Membership.Event>> listeners = new LinkedHashMap<>();
    private Optional<Member> leader = Optional.empty();
    /** News is under way to it. */
    boolean awaitsNews;
    /** The number of the last change it has been told of. */
    long seen;

    void subscribe(Member self, Consumer<Membership.Event> listener) {
        listeners.put(self, listener);
        told.values()
                .forEach(each -> each.members.forEach((member, role) -> {
                    listener.accept(new Membership.Joined(member, role));
                    if (each.unreachable) {
                        listener.accept(new Membership.Unreachable(member));
                    }
                }));
        leader.ifPresent(member -> listener.accept(new Membership.Leads(member)));
    }

    void unsubscribe(Member self) {
        listeners.remove(self);
    }

    /** Learns what {@code other} hosts now. */
    void learn(KnownNode other) {
        Told known = told.computeIfAbsent(other.name, name -> new Told());
        if (known.version == other.version) {
            return;
        }
        known.version = other.version;
        for (Member member : List.copyOf(known.members.keySet())) {
            if (!other.members.containsKey(member)) {
                known.members.remove(member);
                tell(new Membership.Removed(member, other.reasonOf(member)));
            }
        }
        if (known.members.isEmpty()) {
            known.unreachable = false;
        }
        other.members.forEach((member, role) -> {
            if (known.members.putIfAbsent(member, role) == null) {
                tell(new Membership.Joined(member, role));
                if (known.unreachable) {
                    tell(new Membership.Unreachable(member));
                }
            }
        });
    }

    /** Learns whether {@code other} can be heard. */
    void reach(String other, boolean unreachable) {
        Told known = told.get(other);
        if (known != null && !known.members.isEmpty() && known.unreachable != unreachable) {
            known.unreachable = unreachable;
            known.members
                    .keySet()
                    .forEach(member ->
                            tell(unreachable ? new Membership.Unreachable(member) : new Membership.Reachable(member)));
        }
    }

    void leads(Member member) {
        if (!leader.equals(Optional.of(member))) {
            leader = Optional.of(member);
            tell(new Membership.Leads(member));
        }
    }

    private void tell(Membership.Event event) {
        new ArrayList<>(listeners.values()).forEach(listener -> listener.accept(event));
    }
}
