package io.murmuration.faults.simulation.world;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.Level;
import io.murmuration.faults.simulation.NodePath;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The connection of one traffic class from one member to another: a bounded queue at the sender, one frame on the wire at
 * a time, a bounded number unanswered at the receiver; answers come back over the reverse link. Frames arrive in order and
 * once, unless the link reorders or duplicates.
 *
 * <p>It ends by breaking: everything that has not been answered fails, what is on the way is lost. A sender that dies
 * leaves behind what is on the way.
 */
final class DataConnection implements Link.Waiting {

    /** Which one. */
    record Key(Member from, Member to, TrafficClass traffic) {
        @Override
        public String toString() {
            return from + ">" + to + "/" + traffic;
        }
    }

    private static final class Offer {
        private final DataFrame frame;
        private final long bytes;
        private final Consumer<DataPlane.Outcome> done;

        private Offer(DataFrame frame, long bytes, Consumer<DataPlane.Outcome> done) {
            this.frame = frame;
            this.bytes = bytes;
            this.done = done;
        }
    }

    /** A frame that has arrived; answered once. */
    private final class Inbound implements DataPlane.Delivery {
        private final Offer offer;
        private boolean answered;

        private Inbound(Offer offer) {
            this.offer = offer;
        }

        @Override
        public DataFrame frame() {
            return offer.frame;
        }

        @Override
        public void accept() {
            once(new DataPlane.Accepted());
        }

        @Override
        public void refuse(Refusal refusal) {
            once(new DataPlane.Refused(refusal));
        }

        private void once(DataPlane.Outcome outcome) {
            if (!answered && links.machines().lives(to.node(), to.life())) {
                answered = true;
                answer(offer, outcome);
            }
        }
    }

    /** Where a member is. */
    private record End(Member member, String node, long life) {
        private End(Member member) {
            this(member, NodePath.node(member), NodePath.life(member));
        }

        private Source at(String path) {
            return new Source(node, life, path);
        }
    }

    private record Answer(Offer offer, DataPlane.Outcome outcome) {}

    private final Links links;
    private final DataTransport transport;
    private final NetworkSettings settings;
    private final Key key;
    private final End from;
    private final End to;
    private final Link forward;
    private final Link back;
    private final long readyAt;
    private final Silence silence;

    private final Deque<Offer> queue = new ArrayDeque<>();
    /** Taken from the queue and not answered. */
    private final Set<Offer> open = new LinkedHashSet<>();

    private final Deque<Answer> heldAnswers = new ArrayDeque<>();
    private Optional<Offer> heldOffer = Optional.empty();
    private Optional<Offer> sending = Optional.empty();
    private Optional<FairShare.Flow> flow = Optional.empty();
    private long lastArrival;
    private long lastAnswer;
    private boolean woken;
    private boolean closed;
    private boolean lost;
    private boolean doomed;

    /** @param readyAt virtual nanoseconds when the first frame may be sent */
    DataConnection(Links links, DataTransport transport, Key key, long readyAt) {
        this.links = links;
        this.transport = transport;
        this.settings = links.settings();
        this.key = key;
        this.from = new End(key.from());
        this.to = new End(key.to());
        this.forward = links.link(from.node(), to.node());
        this.back = links.link(to.node(), from.node());
        this.readyAt = readyAt;
        this.silence = new Silence(links.loop(), settings, key.toString());
    }

    boolean uses(Set<Link> any) {
        return any.contains(forward) || any.contains(back);
    }

    Link back() {
        return back;
    }

    boolean isFrom(String node) {
        return from.node().equals(node);
    }

    boolean isTo(String node) {
        return to.node().equals(node);
    }

    Key key() {
        return key;
    }

    void levels(List<Level> levels) {
        levels.add(new Level("frames waiting for " + key, queue.size(), settings.queued()));
        levels.add(new Level("unanswered frames of " + key, open.size(), settings.unanswered()));
    }

    // ---- sending ------------------------------------------------------------------------------------------------

    void offer(DataFrame frame, long bytes, Consumer<DataPlane.Outcome> done) {
        Offer offer = new Offer(frame, bytes, done);
        if (queue.size() >= settings.queued()) {
            forward.lane(key.traffic()).dropped++;
            tell(
                    offer,
                    new DataPlane.Refused(Refusal.of(
                            Refusal.Reason.NO_CREDIT,
                            "the link to " + to.member() + " has " + settings.queued() + " frames waiting")),
                    settings.localDelay().toNanos());
            return;
        }
        queue.add(offer);
        pump();
    }

    /** Sends what may be sent. */
    void pump() {
        if (links.loop().now() < readyAt) {
            wakeUp();
            return;
        }
        while (!closed
                && sending.isEmpty()
                && heldOffer.isEmpty()
                && !queue.isEmpty()
                && open.size() < settings.unanswered()
                && links.machines().running(from.node())) {
            Offer offer = queue.remove();
            open.add(offer);
            transmit(offer);
        }
    }

    private void wakeUp() {
        if (!woken) {
            woken = true;
            links.loop().schedule(readyAt - links.loop().now(), Source.world("connected/" + key), this::pump);
        }
    }

    private void transmit(Offer offer) {
        if (unheard(forward)) {
            hold(offer);
            return;
        }
        if (!links.machines().lives(to.node(), to.life())) {
            doomed();
            return;
        }
        List<FairShare.Resource> over = links.resources(forward);
        if (!FairShare.limited(over)) {
            depart(offer);
            return;
        }
        sending = Optional.of(offer);
        flow = Optional.of(links.share().start("sent/" + key, offer.bytes, over, () -> {
            sending = Optional.empty();
            flow = Optional.empty();
            depart(offer);
            pump();
        }));
    }

    private void depart(Offer offer) {
        if (unheard(forward)) {
            hold(offer);
            return;
        }
        Lane lane = forward.lane(key.traffic());
        Lane.Passage passage = lane.pass(forward.model(), offer.bytes, links.retransmitAfter(forward));
        lane.count(offer.bytes);
        if (passage.givenUp()) {
            doomed();
            return;
        }
        long now = links.loop().now();
        long arrival = now + passage.delay();
        if (!passage.heldUp()) {
            arrival = Math.max(arrival, lastArrival);
            lastArrival = arrival;
        }
        if (passage.corrupt()) {
            lane.corrupted++;
            links.loop().schedule(arrival - now, Source.world("corrupt/" + key), () -> {
                breakNow("a frame to " + to.member() + " arrived damaged", links.latency(back));
            });
            return;
        }
        byte[] content = FrameContent.of(offer.frame);
        String path = "data/" + key;
        links.loop().schedule(arrival - now, to.at(path), content, () -> arrive(offer));
        passage.duplicate().ifPresent(again -> {
            lane.duplicated++;
            links.loop().schedule(again, to.at(path), content, () -> arrive(offer));
        });
    }

    private void arrive(Offer offer) {
        if (lost) {
            forward.lane(key.traffic()).dropped++;
            return;
        }
        Inbound inbound = new Inbound(offer);
        transport
                .inbox(to.member())
                .ifPresentOrElse(
                        inbox -> inbox.accept(inbound),
                        () -> inbound.once(new DataPlane.Failed(to.member() + " is not there")));
    }

    // ---- answers ------------------------------------------------------------------------------------------------

    private void answer(Offer offer, DataPlane.Outcome outcome) {
        if (closed || !open.contains(offer)) {
            return;
        }
        if (unheard(back)) {
            heldAnswers.add(new Answer(offer, outcome));
            back.await(this);
            silence.begin(this::unheardFor);
            return;
        }
        Lane.Passage passage = back.lane(key.traffic()).pass(back.model(), 0, links.retransmitAfter(back));
        if (passage.givenUp()) {
            doomed();
            return;
        }
        long now = links.loop().now();
        // An answer that is damaged, doubled or overtaken is still the answer: its connection sorts it out.
        lastAnswer = Math.max(now + passage.delay(), lastAnswer);
        links.loop().schedule(lastAnswer - now, from.at("answer/" + key), () -> {
            if (!closed && open.remove(offer)) {
                offer.done.accept(outcome);
                pump();
            }
        });
    }

    private void tell(Offer offer, DataPlane.Outcome outcome, long delay) {
        links.loop().schedule(delay, from.at("outcome/" + key), () -> offer.done.accept(outcome));
    }

    // ---- silence ------------------------------------------------------------------------------------------------

    /** Nothing sent this way arrives and nobody says so. */
    private boolean unheard(Link link) {
        return link.silent()
                || !links.machines().hostUp(from.node())
                || !links.machines().hostUp(to.node());
    }

    private void hold(Offer offer) {
        heldOffer = Optional.of(offer);
        forward.await(this);
        silence.begin(this::unheardFor);
    }

    /** A direction was cut in the middle of a frame: it will be sent again. */
    void interrupted() {
        if (sending.isPresent() && unheard(forward)) {
            Offer offer = sending.get();
            stopSending();
            hold(offer);
        }
    }

    /** Something is lost for good and nobody says so: the connection breaks when its time is over, whatever heals. */
    void doomed() {
        interrupted();
        doomed = true;
        silence.begin(this::unheardFor);
    }

    private void unheardFor() {
        breakNow(
                "nothing was heard of " + to.member() + " for "
                        + settings.connectionTimeout().toMillis() + " ms",
                settings.localDelay().toNanos());
    }

    @Override
    public void opened() {
        if (!closed) {
            silence.atNextAttempt(links.retransmitAfter(forward), this::retry);
        }
    }

    /** The silence goes on until it breaks the connection. */
    @Override
    public void forgotten() {}

    private void retry() {
        if (closed || doomed || !silence.silent()) {
            return;
        }
        if (heldOffer.isPresent() && unheard(forward) || !heldAnswers.isEmpty() && unheard(back)) {
            // Cut again: who waits is told again when it opens.
            forward.await(this);
            back.await(this);
            return;
        }
        silence.end();
        List<Answer> answers = new ArrayList<>(heldAnswers);
        heldAnswers.clear();
        answers.forEach(each -> answer(each.offer(), each.outcome()));
        Optional<Offer> again = heldOffer;
        heldOffer = Optional.empty();
        again.ifPresent(this::transmit);
        pump();
    }

    // ---- ends ---------------------------------------------------------------------------------------------------

    /** Breaks: what is on the way is lost, whatever is unanswered fails {@code delay} nanoseconds from now. */
    void breakNow(String reason, long delay) {
        if (closed) {
            return;
        }
        close();
        lost = true;
        List<Offer> all = new ArrayList<>(open);
        all.addAll(queue);
        long later = Math.max(delay, settings.localDelay().toNanos());
        all.forEach(offer -> tell(offer, new DataPlane.Failed(reason), later));
        transport.broken(this);
    }

    /** The sender is no more: what it has not sent is gone, what is on the way arrives. */
    void close() {
        closed = true;
        stopSending();
        silence.end();
    }

    private void stopSending() {
        flow.ifPresent(links.share()::stop);
        flow = Optional.empty();
        sending = Optional.empty();
    }
}
