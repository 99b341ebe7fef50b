package io.murmuration.cluster.membership;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.transport.NodeIdentity;

/**
 * Everything that travels between two nodes over Artery, one class with a number each. All but the first contact carry the
 * run they belong to, so that what comes from another is refused.
 */
public sealed interface ClusterMessage extends GatewayMessage {

    /**
     * Who asks to be let in. This and its two answers keep their bytes in every version of the protocol, so that any two
     * can tell each other what does not fit.
     *
     * @param coordinators how many it takes to be planned
     * @param mayLead whether it is one of them
     * @param answerTo path of the actor that greets and hears the answer
     */
    record Greeting(NodeIdentity from, int coordinators, boolean mayLead, String answerTo) implements ClusterMessage {}

    /**
     * Come in.
     *
     * @param at its address in the cluster
     * @param up whether it is a full member itself, of a cluster whose coordinators are enough
     */
    record Welcome(NodeIdentity from, String at, boolean up) implements ClusterMessage {}

    /** Stay out. */
    record TurnedAway(NodeIdentity from, String reason) implements ClusterMessage {}

    /** A message from peer to peer. */
    record Carried(String run, Member from, Member to, ControlMessage message) implements ClusterMessage {}

    /** What a node says of itself. */
    record Announced(String run, DirectoryEntry entry) implements ClusterMessage {}

    /** {@code from} has heard {@code version} of what a life of {@code node} says of itself. */
    record Heard(String run, String from, String node, long life, long version) implements ClusterMessage {}

    /** Node {@code from} was refused by the data port of a life of {@code node}: nobody listens there any more. */
    record PortRefused(String run, String from, String node, long life) implements ClusterMessage {}

    /** How far the run is, from who leads. */
    record Told(String run, RunStatus status) implements ClusterMessage {}

    /** {@code from} wants something of the run that the receiver leads, or of the receiver itself. */
    record Ordered(String run, String from, long number, Order order) implements ClusterMessage {}

    /** What became of order {@code number} of the receiver. */
    record Answered(String run, String from, long number, OrderAnswer answer) implements ClusterMessage {}

    /** What came and could not be read; made where it came in, and never sent. */
    record Unreadable(String reason) implements ClusterMessage {}
}
