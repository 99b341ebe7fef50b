package io.murmuration.cluster.membership;

import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.run.PeerNames;
import java.util.Optional;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Adapter;

/**
 * Who may say what: a message speaks for a node only if it came from the address at which that node is. The address is what
 * Artery says of the sender, and Artery believes the other process; so this keeps nodes apart that run this program, and makes
 * a stranger lie in two places. Not thread-safe: the gateway owns it.
 */
final class Senders {

    /** Of a message without a sender. */
    static final String NOBODY = "";

    private final Directory directory;
    private final Place here;
    private final String self;

    /** @param self name of this node */
    Senders(Directory directory, Place here, String self) {
        this.directory = directory;
        this.here = here;
        this.self = self;
    }

    /** Sends so that the receiver sees from which address. Thread-safe. */
    static <M> void send(
            org.apache.pekko.actor.typed.ActorRef<M> to, M message, org.apache.pekko.actor.typed.ActorRef<?> from) {
        Adapter.toClassic(to).tell(message, Adapter.toClassic(from));
    }

    /** The address from which the message came that this actor has at hand. */
    String of(ActorContext<?> context) {
        ActorRef sender = Adapter.toClassic(context).sender();
        if (sender == null || sender.equals(Adapter.toClassic(context).system().deadLetters())) {
            return NOBODY;
        }
        Address address = sender.path().address();
        return address.hasLocalScope() ? here.address() : address.toString();
    }

    /** The whole path of the sender of the message that this actor has at hand. */
    String pathOf(ActorContext<?> context) {
        return of(context).equals(NOBODY)
                ? NOBODY
                : Adapter.toClassic(context).sender().path().toSerializationFormat();
    }

    /** Whether {@code address} is that of a node that is known by this name. */
    boolean isNode(String address, String name) {
        return directory
                .entry(name)
                .filter(entry -> entry.control().equals(address))
                .isPresent();
    }

    /** As {@link #isNode}, of the node of a member; of one that is not known yet nobody can tell. */
    boolean mayCarry(String address, Member from) {
        Optional<DirectoryEntry> node = PeerNames.node(from.peer()).flatMap(directory::entry);
        return node.isEmpty() || node.get().control().equals(address);
    }

    /** Whether {@code address} is that of a node that may lead. */
    boolean mayLead(String address) {
        return directory.entries().stream()
                .anyMatch(entry ->
                        entry.control().equals(address) && entry.coordinator().isPresent());
    }

    /**
     * Whether another process says that it is called as this node is, from where it says it is; one that is known by another name
     * only pretends.
     */
    boolean isNamesake(String address, DirectoryEntry entry) {
        return entry.node().equals(self)
                && !entry.place().equals(here)
                && entry.control().equals(address)
                && directory.entries().stream().noneMatch(known -> known.place().equals(entry.place()));
    }

    /**
     * Whether a process may say this of itself: it says it from where it says it is, and its name is not that of this node, nor
     * of another one that answers elsewhere. Who came back at another address waits until the old one is known to be silent.
     */
    boolean mayAnnounce(String address, DirectoryEntry entry) {
        if (!entry.control().equals(address)) {
            return false;
        }
        if (entry.node().equals(self)) {
            return entry.place().equals(here);
        }
        return directory
                .entry(entry.node())
                .filter(known -> !known.control().equals(entry.control()) && !directory.isUnreachable(known.place()))
                .isEmpty();
    }
}
