package io.murmuration.cluster.membership;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Member;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Who hears what follows from the directory: where everybody is, and each change. Not thread-safe: the gateway owns it. */
final class News {

    private final Directory directory;
    private final Whereabouts whereabouts;
    private final Gateways gateways;
    private final GatewayListener node;
    private final Map<Member, Consumer<Membership.Event>> listeners = new LinkedHashMap<>();

    News(Directory directory, Whereabouts whereabouts, Gateways gateways, GatewayListener node) {
        this.directory = directory;
        this.whereabouts = whereabouts;
        this.gateways = gateways;
        this.node = node;
    }

    /** First what is known now, then what changes. */
    void hears(Member self, Consumer<Membership.Event> listener) {
        listeners.put(self, listener);
        directory.known().forEach(listener);
    }

    void hearsNoMore(Member self) {
        listeners.remove(self);
    }

    void tell(List<Membership.Event> events) {
        Map<String, Whereabouts.Located> located = new TreeMap<>();
        for (DirectoryEntry entry : directory.entries()) {
            located.put(
                    entry.node(),
                    new Whereabouts.Located(entry, gateways.at(entry.place()), directory.isUnreachable(entry.place())));
        }
        whereabouts.publish(located, directory.leads().map(DirectoryEntry::node));
        for (Membership.Event event : events) {
            node.seen(event);
            List.copyOf(listeners.values()).forEach(listener -> listener.accept(event));
        }
    }
}
