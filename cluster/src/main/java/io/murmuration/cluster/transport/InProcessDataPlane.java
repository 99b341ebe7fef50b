package io.murmuration.cluster.transport;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.pekko.stream.BoundedSourceQueue;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.QueueOfferResult;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;

/**
 * The data plane of peers in one process: for every sender, receiver and traffic class one Pekko stream that carries
 * encoded frames. A stream holds a bounded number of frames and has a bounded number of them unanswered at the receiver;
 * what is beyond both is refused at once, so a slow receiver costs a sender nothing but that window. Thread-safe.
 */
public final class InProcessDataPlane implements DataPlane {

    private record LinkId(Member from, Member to, DataFrame.Traffic traffic) {}

    private record Offer(DataFrame frame, CompletableFuture<Outcome> outcome) {}

    /** A receiver and what it has not answered yet. */
    private static final class Receiver {
        private final Consumer<Delivery> inbox;
        private final Set<CompletableFuture<Outcome>> unanswered = ConcurrentHashMap.newKeySet();
        private volatile boolean gone;

        private Receiver(Consumer<Delivery> inbox) {
            this.inbox = inbox;
        }
    }

    private static final class InboundFrame implements Delivery {
        private final DataFrame frame;
        private final CompletableFuture<Outcome> outcome;

        private InboundFrame(DataFrame frame, CompletableFuture<Outcome> outcome) {
            this.frame = frame;
            this.outcome = outcome;
        }

        @Override
        public DataFrame frame() {
            return frame;
        }

        @Override
        public void accept() {
            outcome.complete(new Accepted());
        }

        @Override
        public void refuse(Refusal refusal) {
            outcome.complete(new Refused(refusal));
        }
    }

    private final Materializer materializer;
    private final WireCounts counts;
    private final int queued;
    private final int unanswered;
    private final Map<Member, Receiver> receivers = new ConcurrentHashMap<>();
    private final Map<LinkId, BoundedSourceQueue<Offer>> links = new ConcurrentHashMap<>();

    /**
     * @param queued frames that may wait on one link
     * @param unanswered frames of one link that may wait for the receiver's answer
     */
    public InProcessDataPlane(Materializer materializer, WireCounts counts, int queued, int unanswered) {
        this.materializer = materializer;
        this.counts = counts;
        this.queued = queued;
        this.unanswered = unanswered;
    }

    @Override
    public void attach(Member self, Consumer<Delivery> inbox) {
        receivers.put(self, new Receiver(inbox));
    }

    @Override
    public void detach(Member self) {
        Receiver receiver = receivers.remove(self);
        if (receiver != null) {
            receiver.gone = true;
            receiver.unanswered.forEach(outcome -> outcome.complete(new Failed(self + " is gone")));
        }
        links.forEach((link, queue) -> {
            if ((link.from().equals(self) || link.to().equals(self))
                    && links.remove(link, queue)
                    // With its actor system a stream may have ended before its peers.
                    && !queue.isCompleted()) {
                queue.complete();
            }
        });
    }

    @Override
    public void offer(DataFrame frame, Consumer<Outcome> done) {
        Member to = frame.route().to();
        if (!receivers.containsKey(to)) {
            done.accept(new Failed(to + " is not there"));
            return;
        }
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        outcome.thenAccept(done);
        LinkId id = new LinkId(frame.route().from(), to, frame.traffic());
        QueueOfferResult result = links.computeIfAbsent(id, this::open).offer(new Offer(frame, outcome));
        if (result.isEnqueued()) {
            counts.count(frame);
        } else if (result == QueueOfferResult.dropped()) {
            outcome.complete(new Refused(
                    Refusal.of(Refusal.Reason.NO_CREDIT, "the link to " + to + " has " + queued + " frames waiting")));
        } else {
            outcome.complete(new Failed("the link to " + to + " is closed"));
        }
    }

    private BoundedSourceQueue<Offer> open(LinkId link) {
        return Source.<Offer>queue(queued)
                .mapAsyncUnordered(unanswered, this::deliver)
                .toMat(Sink.ignore(), Keep.left())
                .run(materializer);
    }

    private CompletableFuture<Outcome> deliver(Offer offer) {
        Member to = offer.frame().route().to();
        CompletableFuture<Outcome> outcome = offer.outcome();
        Receiver receiver = receivers.get(to);
        if (receiver == null) {
            outcome.complete(new Failed(to + " is gone"));
            return outcome;
        }
        receiver.unanswered.add(outcome);
        outcome.whenComplete((answer, problem) -> receiver.unanswered.remove(outcome));
        receiver.inbox.accept(new InboundFrame(offer.frame(), outcome));
        if (receiver.gone) {
            outcome.complete(new Failed(to + " is gone"));
        }
        return outcome;
    }
}
