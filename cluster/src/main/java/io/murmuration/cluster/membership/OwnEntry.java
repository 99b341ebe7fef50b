package io.murmuration.cluster.membership;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.report.Texts;
import io.murmuration.cluster.transport.NodeIdentity;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What this node says of itself, and in which version. Not thread-safe. */
final class OwnEntry {

    /** Characters of a reason; as many of them as are kept fit into any message. */
    private static final int LONGEST_REASON = 200;

    private final NodeIdentity self;
    private final Place place;
    private final SortedMap<Member, Role> members = new TreeMap<>();
    private final SortedMap<Member, String> gone = new TreeMap<>();
    private Optional<String> dataHost = Optional.empty();
    private int dataPort;
    private long leads;
    private Optional<RunEnding> ending = Optional.empty();
    private RunWish wish = RunWish.NONE;
    private long version;

    OwnEntry(NodeIdentity self, Place place) {
        this.self = self;
        this.place = place;
    }

    void hosts(Member member, Role role) {
        members.put(member, role);
        version++;
    }

    void lost(Member member, String reason) {
        if (members.remove(member) != null) {
            if (gone.size() == DirectoryEntry.MOST_GONE) {
                gone.remove(gone.firstKey());
            }
            gone.put(member, Texts.cut(reason, LONGEST_REASON));
            version++;
        }
    }

    void open(String host, int port) {
        dataHost = Optional.of(host);
        dataPort = port;
        version++;
    }

    /** @param number 0: does not lead */
    void leads(long number) {
        leads = number;
        version++;
    }

    void ended(RunEnding how) {
        ending = Optional.of(how);
        version++;
    }

    void wishes(RunWish newest) {
        wish = newest;
        version++;
    }

    RunWish wish() {
        return wish;
    }

    boolean isLeading() {
        return leads > 0;
    }

    /** How the run that was led from here ended. */
    Optional<RunEnding> ending() {
        return ending;
    }

    boolean hasEnded() {
        return ending.isPresent();
    }

    long version() {
        return version;
    }

    /** Empty until it is known where tensors are taken: who is not ready is not announced. */
    Optional<DirectoryEntry> entry() {
        return dataHost.map(host -> new DirectoryEntry(
                self.node(),
                self.life(),
                place.address(),
                place.uid(),
                host,
                dataPort,
                members,
                gone,
                leads,
                ending,
                wish,
                version));
    }
}
