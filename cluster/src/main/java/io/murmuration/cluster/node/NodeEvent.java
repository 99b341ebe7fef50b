package io.murmuration.cluster.node;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.membership.OrderAnswer;
import io.murmuration.cluster.membership.RunEnding;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** What the process of a node is told by what runs in it. */
sealed interface NodeEvent {

    /** From a coordinator here, or of a peer here. */
    record OfRun(RunEvent event) implements NodeEvent {}

    /** Somebody came, went, or cannot be reached. */
    record Seen(Membership.Event event) implements NodeEvent {}

    record Joined(Joining.Result result) implements NodeEvent {}

    /** What is known of seeds that do not answer. */
    record Diagnosed(List<SeedDiagnosis.Finding> findings) implements NodeEvent {}

    /** The run is over, says the node that led it. */
    record Over(RunEnding ending) implements NodeEvent {}

    /** All others have heard that the run, which was led from here, is over. */
    record EverybodyKnows() implements NodeEvent {}

    /** A checkpoint is wanted of the run that is led from here. */
    record CheckpointWanted(CompletableFuture<OrderAnswer> answer) implements NodeEvent {}

    /** Somebody wants this node to leave. */
    record LeaveWanted() implements NodeEvent {}

    /** All peers here have let go of what they held. */
    record HandedOver() implements NodeEvent {}

    /** Another process of this node's name was in the cluster before. */
    record Namesake(String where) implements NodeEvent {}

    /** Something that nobody here can put right. */
    record Broken(String what) implements NodeEvent {}
}
