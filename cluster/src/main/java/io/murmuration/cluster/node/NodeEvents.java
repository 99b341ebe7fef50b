package io.murmuration.cluster.node;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.transport.NodeIdentity;

/**
 * What one life of a node tells for machines, in its {@link EventFile}: what its coordinator tells of the run, whom it sees
 * come and go, what its shards hold after each step, and what it had to send again. Thread-safe.
 */
final class NodeEvents {

    private final EventFile file;
    private final NodeIdentity self;
    private Epoch shown = Epoch.NONE;

    NodeEvents(EventFile file, NodeIdentity self) {
        this.file = file;
        this.self = self;
    }

    void write(ObjectNode event) {
        file.write(event.put("node", self.node()).put("life", self.life()));
    }

    void began() {
        write(EventFile.event("lifeBegan").put("pid", ProcessHandle.current().pid()));
    }

    /** The cluster has let it in. */
    void entered() {
        write(EventFile.event("lifeEntered"));
    }

    void ended(NodeLife.Outcome outcome) {
        write(EventFile.event("lifeEnded")
                .put("end", outcome.end().name().toLowerCase(java.util.Locale.ROOT))
                .put("message", outcome.message()));
    }

    /** A coordinator here tells. */
    void told(RunEvent event) {
        switch (event) {
            case RunEvent.Started started -> roster(started.roster());
            case RunEvent.StepCommitted committed -> roster(committed.roster());
            default -> {}
        }
        write(RunEventLines.of(event));
    }

    /** Only when it is another: with every step it would be most of the file. */
    private void roster(Roster roster) {
        synchronized (this) {
            if (roster.epoch().equals(shown)) {
                return;
            }
            shown = roster.epoch();
        }
        write(RunEventLines.roster(roster));
    }

    /** Membership changes, as this node sees it. */
    void seen(Membership.Event event) {
        write(
                switch (event) {
                    case Membership.Joined(Member member, Role role) -> RunEventLines.member("memberCame", member);
                    case Membership.Unreachable(Member member) -> RunEventLines.member("memberUnreachable", member);
                    case Membership.Reachable(Member member) -> RunEventLines.member("memberReachable", member);
                    case Membership.Removed(Member member, String reason) ->
                        RunEventLines.member("memberGone", member).put("reason", reason);
                    case Membership.Leads(Member member) -> RunEventLines.member("leads", member);
                });
    }

    /** Tells of everything that goes to {@code plane} a second time. */
    DataPlane watch(DataPlane plane) {
        return new WatchedSends(plane, this);
    }

    /** Tells what the shards of {@code compute} hold after each step. */
    Compute watch(Compute compute) {
        return new WatchedSteps(compute, this);
    }
}
