package io.murmuration.cluster.membership;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.run.PeerNames;
import io.murmuration.cluster.transport.DataAddress;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one life of a node says of itself; nobody else says anything of it.
 *
 * @param node its name
 * @param life which of its lives
 * @param control address of its actor system
 * @param uid number of its actor system, which Pekko draws
 * @param dataHost where its data plane is found
 * @param dataPort the same
 * @param members what it hosts
 * @param gone why members it hosted are not there any more; the newest few
 * @param leads 0: the coordinator here does not lead; otherwise the highest number anywhere does
 * @param ending set when the run is over and this node led it
 * @param wish the newest that is known here
 * @param version grows with every change of this entry
 */
public record DirectoryEntry(
        String node,
        long life,
        String control,
        long uid,
        String dataHost,
        int dataPort,
        SortedMap<Member, Role> members,
        SortedMap<Member, String> gone,
        long leads,
        Optional<RunEnding> ending,
        RunWish wish,
        long version) {

    /** Coordinator, keeper and trainer. */
    private static final int OTHERS = 3;

    /** A node hosts its shards and one peer of each other role, any of them twice while one life of theirs follows another. */
    static final int MOST_MEMBERS = 2 * (NodeSettings.MOST_SHARDS + OTHERS);

    /** Reasons that are remembered: what a node can lose between two announcements. */
    static final int MOST_GONE = NodeSettings.MOST_SHARDS + OTHERS;

    private static final int MOST_CHARACTERS = 256;

    /** @throws ProtocolException if it says more than a node can host, or hosts what is another's */
    public DirectoryEntry {
        members = new TreeMap<>(members);
        gone = new TreeMap<>(gone);
        if (members.size() > MOST_MEMBERS || gone.size() > MOST_GONE) {
            throw new ProtocolException("a node hosts at most " + MOST_MEMBERS + " members, " + node + " says "
                    + members.size() + " and " + gone.size() + " that are gone");
        }
        if (node.length() > MOST_CHARACTERS
                || control.length() > MOST_CHARACTERS
                || dataHost.length() > MOST_CHARACTERS) {
            throw new ProtocolException("names of a node have at most " + MOST_CHARACTERS + " characters");
        }
        if (dataPort < 0 || dataPort > 0xFFFF) {
            throw new ProtocolException(node + " says its data port is " + dataPort);
        }
        for (Member member : members.keySet()) {
            if (!PeerNames.node(member.peer()).equals(Optional.of(node)) || PeerNames.life(member) != life) {
                throw new ProtocolException(
                        "expected a member of life " + life + " of node " + node + ", got " + member);
            }
        }
    }

    /** Where its tensors go. */
    public DataAddress data() {
        return new DataAddress(node, dataHost, dataPort);
    }

    Place place() {
        return new Place(control, uid);
    }

    /** The coordinator here, if this node may lead. */
    Optional<Member> coordinator() {
        return members.entrySet().stream()
                .filter(entry -> entry.getValue() == Role.COORDINATOR)
                .map(SortedMap.Entry::getKey)
                .max(Member::compareTo);
    }
}
