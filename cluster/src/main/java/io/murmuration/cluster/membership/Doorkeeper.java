package io.murmuration.cluster.membership;

import io.murmuration.cluster.transport.NodeIdentity;

/** Whether a message of another node is believed; what is not is refused and counted. Not thread-safe: the gateway owns it. */
final class Doorkeeper {

    private final NodeIdentity self;
    private final Directory directory;
    private final Senders senders;
    private final Refusals refusals;

    Doorkeeper(NodeIdentity self, Directory directory, Senders senders, Refusals refusals) {
        this.self = self;
        this.directory = directory;
        this.senders = senders;
        this.refusals = refusals;
    }

    /** Of this run, and of a node that is known here as {@code from}. */
    boolean isOfThisRunFrom(String run, String from, String sender) {
        // Who has heard of this node before it is known here itself is no liar; it says it again.
        return isOfThisRun(run, from)
                && directory.entry(from).isPresent()
                && isFrom(sender, from, senders.isNode(sender, from));
    }

    boolean isOfThisRun(String run, Object from) {
        boolean same = run.equals(self.run());
        if (!same) {
            refusals.count(
                    Refusals.Kind.OTHER_RUN,
                    "refused a message of " + from + ": it belongs to run " + run + ", this node to " + self.run());
        }
        return same;
    }

    /** @param may whether {@code sender} may speak for {@code from} */
    boolean isFrom(String sender, Object from, boolean may) {
        if (!may) {
            refusals.count(
                    Refusals.Kind.OTHER_SENDER,
                    "refused a message that says it is of " + from + " and came from "
                            + (sender.isEmpty() ? "nowhere" : sender) + ", which is not known as that node");
        }
        return may;
    }
}
