package io.murmuration.cluster.transport;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.DataFrame.Traffic;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.cluster.serialization.FrameCodec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The way of one class of traffic to one address: what waits, and the connection it waits for. A connection is made when
 * something is offered. While it comes about offers wait; when it does not, they fail, and so does what is offered until the
 * next attempt. A connection that is lost fails what is under way and is made again soon, wanted or not, because the answer
 * tells whether the peer's process still lives. Thread-safe.
 */
final class OutboundLink {

    private enum State {
        IDLE,
        CONNECTING,
        OPEN,
        /** Between two attempts. */
        PAUSED,
        SHUT
    }

    /** What it needs from outside. */
    interface Network {

        /** Begins a connection, which tells {@code owner} what becomes of it. */
        void connect(DataAddress to, Traffic traffic, OutboundConnection.Owner owner);

        void after(Duration pause, Runnable task);

        void tell(LinkEvent event);
    }

    private final DataAddress address;
    private final Traffic traffic;
    private final SendQueue queue;
    private final Backoff backoff;
    private final int attempts;
    private final Network network;
    private State state = State.IDLE;
    /** Why nothing can be sent at the moment; empty: it may be tried. */
    private Optional<String> barred = Optional.empty();

    private Optional<Attempt> current = Optional.empty();

    /** @param attempts in a row without anything to send */
    OutboundLink(
            DataAddress address, Traffic traffic, SendQueue queue, Backoff backoff, int attempts, Network network) {
        this.address = address;
        this.traffic = traffic;
        this.queue = queue;
        this.backoff = backoff;
        this.attempts = attempts;
        this.network = network;
    }

    DataAddress address() {
        return address;
    }

    /** @return whether it was taken, to be told of later */
    boolean offer(DataFrame frame, Consumer<DataPlane.Outcome> done) {
        Optional<DataPlane.Outcome> at = admit(frame, done);
        at.ifPresent(done);
        return at.isEmpty();
    }

    private Optional<DataPlane.Outcome> admit(DataFrame frame, Consumer<DataPlane.Outcome> done) {
        SendQueue.Offer offer;
        try {
            offer = new SendQueue.Offer(FrameCodec.encode(frame), done);
        } catch (ProtocolException e) {
            return Optional.of(new DataPlane.Refused(Refusal.of(Refusal.Reason.INVALID, e.getMessage())));
        }
        Optional<WireEnd.Handle> open;
        boolean begin;
        synchronized (this) {
            if (barred.isPresent()) {
                return Optional.of(new DataPlane.Failed(barred.get()));
            }
            Optional<Refusal> refusal = queue.offer(offer, frame.route().to().toString());
            if (refusal.isPresent()) {
                return Optional.of(new DataPlane.Refused(refusal.get()));
            }
            open = state == State.OPEN ? current.flatMap(attempt -> attempt.handle) : Optional.empty();
            begin = state == State.IDLE;
            if (begin) {
                state = State.CONNECTING;
            }
        }
        open.ifPresent(WireEnd.Handle::wake);
        if (begin) {
            connect();
        }
        return Optional.empty();
    }

    /** Ends for good: whatever is there fails. */
    void shut(String reason, BiConsumer<WireEnd.Handle, String> how) {
        List<SendQueue.Offer> left;
        Optional<WireEnd.Handle> handle;
        synchronized (this) {
            state = State.SHUT;
            barred = Optional.of(reason);
            left = queue.drain();
            handle = current.flatMap(attempt -> attempt.handle);
            current = Optional.empty();
        }
        handle.ifPresent(open -> how.accept(open, reason));
        fail(left, reason);
    }

    /** Breaks the connection, if there is one, as a network would. */
    void cut(String reason) {
        Optional<WireEnd.Handle> handle;
        synchronized (this) {
            handle = current.flatMap(attempt -> attempt.handle);
        }
        handle.ifPresent(open -> open.cut(reason));
    }

    private void connect() {
        Attempt attempt = new Attempt();
        synchronized (this) {
            if (state != State.CONNECTING) {
                return;
            }
            current = Optional.of(attempt);
        }
        network.connect(address, traffic, attempt);
    }

    private void resume() {
        synchronized (this) {
            if (state != State.PAUSED) {
                return;
            }
            barred = Optional.empty();
            boolean wanted = queue.waiting() > 0 || backoff.failures() <= attempts;
            state = wanted ? State.CONNECTING : State.IDLE;
            if (!wanted) {
                return;
            }
        }
        connect();
    }

    private static void fail(List<SendQueue.Offer> offers, String reason) {
        offers.forEach(offer -> offer.done().accept(new DataPlane.Failed(reason)));
    }

    /** One connection; what an earlier one still says is not heard. */
    private final class Attempt implements OutboundConnection.Owner {
        private Optional<WireEnd.Handle> handle = Optional.empty();

        @Override
        public void opened(WireEnd.Handle connection, Handshake.Welcome welcome) {
            synchronized (OutboundLink.this) {
                if (!isCurrent()) {
                    connection.cut("not wanted any more");
                    return;
                }
                handle = Optional.of(connection);
                state = State.OPEN;
                backoff.succeeded();
                queue.opened(welcome.window(), welcome.largest());
            }
            network.tell(new LinkEvent.Connected(address, traffic));
            connection.wake();
        }

        @Override
        public Optional<SendQueue.Numbered> next() {
            synchronized (OutboundLink.this) {
                return isCurrent() ? queue.next() : Optional.empty();
            }
        }

        @Override
        public boolean answered(Answer answer) {
            Optional<SendQueue.Offer> offer;
            synchronized (OutboundLink.this) {
                if (!isCurrent()) {
                    return true;
                }
                offer = queue.answered(answer.id());
            }
            offer.ifPresent(known -> known.done().accept(answer.outcome()));
            return offer.isPresent();
        }

        @Override
        public void ended(Ending how) {
            List<SendQueue.Offer> left;
            String reason = "the way to " + address + ": " + how;
            boolean wasOpen;
            Duration pause;
            synchronized (OutboundLink.this) {
                if (!isCurrent()) {
                    return;
                }
                current = Optional.empty();
                wasOpen = state == State.OPEN;
                left = queue.drain();
                pause = backoff.failed();
                state = State.PAUSED;
                barred = wasOpen ? Optional.empty() : Optional.of(reason);
            }
            fail(left, reason);
            network.tell(event(how, wasOpen));
            network.after(pause, OutboundLink.this::resume);
        }

        private LinkEvent event(Ending how, boolean wasOpen) {
            if (wasOpen) {
                return new LinkEvent.Lost(address, traffic, how.toString());
            }
            return switch (how) {
                case Ending.Refused() -> new LinkEvent.ConnectionRefused(address, traffic);
                case Ending.Rejected(Rejection rejection) -> new LinkEvent.Rejected(address, traffic, rejection);
                case Ending.Broken(String why) -> new LinkEvent.Unreached(address, traffic, why);
            };
        }

        private boolean isCurrent() {
            return current.isPresent() && current.get() == this;
        }
    }
}
