package io.murmuration.cluster.transport;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Who is there, for peers in one process; of the coordinators the one that joined first leads. Thread-safe; every listener
 * sees the same events in the same order.
 */
public final class InProcessMembership implements Membership {

    private final Map<Member, Role> present = new LinkedHashMap<>();
    private final Map<Member, Consumer<Event>> listeners = new LinkedHashMap<>();

    private Optional<Member> leader = Optional.empty();

    @Override
    public synchronized void join(Member member, Role role) {
        present.put(member, role);
        tell(new Joined(member, role));
        elect();
    }

    @Override
    public synchronized void leave(Member member, String reason) {
        if (present.remove(member) != null) {
            tell(new Removed(member, reason));
            elect();
        }
    }

    private void elect() {
        Optional<Member> first = present.entrySet().stream()
                .filter(entry -> entry.getValue() == Role.COORDINATOR)
                .map(Map.Entry::getKey)
                .findFirst();
        if (!first.equals(leader)) {
            leader = first;
            leader.ifPresent(member -> tell(new Leads(member)));
        }
    }

    @Override
    public synchronized void subscribe(Member self, Consumer<Event> listener) {
        listeners.put(self, listener);
        present.forEach((member, role) -> listener.accept(new Joined(member, role)));
        leader.ifPresent(member -> listener.accept(new Leads(member)));
    }

    @Override
    public synchronized void unsubscribe(Member self) {
        listeners.remove(self);
    }

    private void tell(Event event) {
        listeners.values().forEach(listener -> listener.accept(event));
    }
}
