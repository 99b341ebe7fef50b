package io.murmuration.cluster.membership;

import io.murmuration.cluster.transport.NodeIdentity;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * What people want of the run or of a node: passed on to who can do it, or done here and answered. Not thread-safe: the gateway
 * owns it.
 */
final class PeoplesOrders {

    private final NodeIdentity self;
    private final Place here;
    private final Directory directory;
    private final OwnEntry own;
    private final Announcements announcements;
    private final Gateways gateways;
    private final GatewayListener node;
    private final Orders waiting;

    PeoplesOrders(
            NodeIdentity self,
            Place here,
            Directory directory,
            OwnEntry own,
            Announcements announcements,
            Gateways gateways,
            GatewayListener node) {
        this.self = self;
        this.here = here;
        this.directory = directory;
        this.own = own;
        this.announcements = announcements;
        this.gateways = gateways;
        this.node = node;
        this.waiting = new Orders(self);
    }

    /** Somebody wants it at this node. */
    void ask(Gateway.Ask ask) {
        Optional<DirectoryEntry> to =
                ask.node().isPresent() ? directory.entry(ask.node().get()) : directory.leads();
        if (to.isEmpty()) {
            ask.answer().complete(nobody(ask.node()));
        } else if (to.get().place().equals(here)) {
            carryOut(ask.order(), ask.answer());
        } else {
            long number = waiting.sent(ask.answer());
            gateways.send(to.get().place(), new ClusterMessage.Ordered(self.run(), self.node(), number, ask.order()));
        }
    }

    private OrderAnswer nobody(Optional<String> wanted) {
        if (wanted.isEmpty()) {
            return OrderAnswer.notNow("nobody leads the run now: try again in some seconds");
        }
        List<String> known =
                directory.entries().stream().map(DirectoryEntry::node).sorted().toList();
        return new OrderAnswer(
                OrderAnswer.Outcome.UNKNOWN_NODE, "no node is called " + wanted.get() + "; there are " + known);
    }

    /** Another node passes it on; it hears how it went, whenever that is. */
    void ordered(ClusterMessage.Ordered ordered, ActorRef<GatewayMessage> me) {
        directory.entry(ordered.from()).ifPresent(from -> {
            ActorRef<GatewayMessage> answerTo = gateways.at(from.place());
            CompletableFuture<OrderAnswer> answer = new CompletableFuture<>();
            answer.thenAccept(said -> Senders.send(
                    answerTo, new ClusterMessage.Answered(self.run(), self.node(), ordered.number(), said), me));
            carryOut(ordered.order(), answer);
        });
    }

    /** What became of one that was passed on. */
    void answered(ClusterMessage.Answered answered) {
        waiting.answered(answered.number(), answered.answer());
    }

    private void carryOut(Order order, CompletableFuture<OrderAnswer> answer) {
        if (order == Order.LEAVE) {
            node.leave();
            answer.complete(OrderAnswer.done("node " + self.node() + " hands over what it holds and leaves"));
        } else if (own.hasEnded()) {
            answer.complete(OrderAnswer.refused("the run is over"));
        } else if (!own.isLeading()) {
            answer.complete(
                    OrderAnswer.notNow("node " + self.node() + " leads the run no longer: try again in some seconds"));
        } else if (order == Order.CHECKPOINT) {
            node.checkpoint(answer);
        } else {
            boolean stand = order == Order.PAUSE;
            if (own.wish().paused() != stand) {
                announcements.wished(own.wish().next(stand));
            }
            answer.complete(OrderAnswer.done(
                    stand ? "the run stands still from its next step boundary on" : "the run goes on"));
        }
    }
}
