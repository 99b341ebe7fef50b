package io.murmuration.cluster.membership;

import io.murmuration.cluster.transport.NodeIdentity;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a gateway does not let in: counted, and of each kind the first is logged. Not thread-safe. */
public final class Refusals {

    private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);

    enum Kind {
        OTHER_RUN,
        OTHER_SENDER,
        UNREADABLE,
        TURNED_AWAY,
        /** Turned away without a word. */
        UNANSWERED
    }

    private final Map<Kind, Long> counts = new EnumMap<>(Kind.class);

    Refusals() {}

    void count(Kind kind, String what) {
        if (counts.merge(kind, 1L, Long::sum) == 1) {
            LOG.warn("{}; further ones are only counted", what);
        }
    }

    /**
     * Why {@code other} may not come to where {@code self} is.
     *
     * @param address where {@code other} is
     * @param known what is known of the node of that name
     * @param silent whether that one cannot be reached
     * @param over how the run ended, if it has
     */
    static Optional<String> reason(
            NodeIdentity self,
            NodeIdentity other,
            String address,
            Optional<DirectoryEntry> known,
            boolean silent,
            Optional<RunEnding> over) {
        if (other.protocol() != self.protocol()) {
            return Optional.of("it speaks protocol version " + other.protocol() + ", the cluster speaks version "
                    + self.protocol() + ": start the same version of Murmuration everywhere");
        }
        if (!other.run().equals(self.run())) {
            return Optional.of("its run is " + other.run() + ", the cluster trains run " + self.run()
                    + ": settings of the run, such as name, seed, model or data, differ (bin/murmuration node"
                    + " --print-config on both shows which)");
        }
        if (over.isPresent()) {
            return Optional.of(
                    "the run is over, version " + over.get().version() + " was its last: nothing is left to do for it");
        }
        boolean taken = other.node().equals(self.node())
                || known.filter(entry -> !silent && !entry.control().equals(address))
                        .isPresent();
        if (taken) {
            return Optional.of(
                    taken(other.node(), known.map(DirectoryEntry::control).orElse("the seed itself")));
        }
        return Optional.empty();
    }

    /** Why nobody else may be called {@code node}. */
    public static String taken(String node, String where) {
        return "there is a node called " + node + " already, at " + where + ": names are unique in a cluster";
    }

    /**
     * Why a node may not come that sees the plan for coordinators otherwise, or is one too many: with more than planned two
     * parts of a cluster could both hold a majority.
     *
     * @param here how many are planned here
     * @param there how many the other takes to be planned
     * @param mayLead whether the other is one
     * @param others addresses of those in the cluster
     */
    static Optional<String> reason(int here, int there, boolean mayLead, List<String> others) {
        if (here != there) {
            return Optional.of("its node.coordinators is " + there + ", the cluster's " + here
                    + ": all nodes have to know the same number of planned coordinators");
        }
        if (mayLead && others.size() >= here) {
            return Optional.of("it has the role coordinator, and the cluster has the " + here
                    + " that are planned (node.coordinators), at " + String.join(", ", others)
                    + ": leave that role out of its node.roles, or plan more on every node");
        }
        return Optional.empty();
    }
}
