package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.DataFrame.Traffic;
import io.murmuration.cluster.config.DataPlaneSettings;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.util.ByteString;

/** The end of a connection that sends data frames and gets answers. */
final class OutboundConnection extends GraphStage<FlowShape<ByteString, ByteString>> {

    /** Who has frames to send. */
    interface Owner {

        void opened(WireEnd.Handle connection, Handshake.Welcome welcome);

        Optional<SendQueue.Numbered> next();

        /** False if no such frame is under way. */
        boolean answered(Answer answer);

        void ended(Ending how);
    }

    /**
     * Whom it connects.
     *
     * @param names what the other side's certificate says; empty without TLS
     */
    record Ends(NodeIdentity self, DataAddress peer, Traffic traffic, Supplier<Optional<Set<String>>> names) {}

    /** Bytes handed to the socket at a time, each time a round of messages: many wire frames, small against a window. */
    private static final int BATCH = 4 * Kind.LARGEST_FRAME;

    private final Ends ends;
    private final DataPlaneSettings.Times times;
    private final Optional<TokenBucket> rate;
    private final Owner owner;
    private final FlowShape<ByteString, ByteString> shape =
            FlowShape.of(Inlet.create("received"), Outlet.create("sent"));

    /** @param rate what this class of traffic is held to */
    OutboundConnection(Ends ends, DataPlaneSettings.Times times, Optional<TokenBucket> rate, Owner owner) {
        this.ends = ends;
        this.times = times;
        this.rate = rate;
        this.owner = owner;
    }

    @Override
    public FlowShape<ByteString, ByteString> shape() {
        return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes attributes) {
        return new Logic();
    }

    private enum Phase {
        GREETED,
        WELCOMED,
        OPEN
    }

    private final class Logic extends WireEnd {
        private final FrameCutter cutter = new FrameCutter(writer);
        /** Whether somebody has asked to be looked at since the last look. */
        private final AtomicBoolean asked = new AtomicBoolean();

        private Phase awaited = Phase.GREETED;

        private Logic() {
            super(shape, times);
        }

        @Override
        void said(Kind kind, byte[] body) {
            if (awaited == Phase.GREETED && kind == Kind.GREETING) {
                greeted(Handshake.Greeting.of(body));
            } else if (awaited == Phase.WELCOMED && kind == Kind.WELCOME) {
                welcomed(Handshake.Welcome.of(body));
            } else if (awaited != Phase.OPEN && kind == Kind.REJECTED) {
                abort(new Ending.Rejected(Handshake.rejection(body)));
            } else if (awaited == Phase.OPEN && kind == Kind.ANSWER) {
                Answer answer = Answer.of(body);
                if (!owner.answered(answer)) {
                    throw new BadFrameException(
                            BadFrameException.Reason.ORDER,
                            "an answer to frame " + answer.id() + ", which is not open");
                }
            } else {
                throw unexpected(kind);
            }
        }

        private void greeted(Handshake.Greeting greeting) {
            NodeIdentity self = ends.self();
            if (greeting.protocol() != self.protocol()) {
                reject(
                        Rejection.Reason.PROTOCOL,
                        ends.peer() + " speaks protocol " + greeting.protocol() + ", this node " + self.protocol());
                return;
            }
            Optional<Set<String>> names = ends.names().get();
            if (names.isPresent()
                    && !names.get().contains(Gate.folded(ends.peer().node()))) {
                reject(
                        Rejection.Reason.CERTIFICATE,
                        "expected a certificate of " + ends.peer().node() + ", got one of " + names.get());
                return;
            }
            writer.frame(
                    Kind.HELLO, new Handshake.Hello(self, ends.peer().node(), ends.traffic(), greeting.nonce()).body());
            awaited = Phase.WELCOMED;
        }

        private void welcomed(Handshake.Welcome welcome) {
            if (!welcome.node().equals(ends.peer().node())) {
                reject(Rejection.Reason.NODE, "expected " + ends.peer() + ", but " + welcome.node() + " is there");
                return;
            }
            awaited = Phase.OPEN;
            established();
            Handle direct = handle();
            owner.opened(
                    new Handle() {
                        @Override
                        public void wake() {
                            if (asked.compareAndSet(false, true)) {
                                direct.wake();
                            }
                        }

                        @Override
                        public void cut(String reason) {
                            direct.cut(reason);
                        }

                        @Override
                        public void finish(String reason) {
                            direct.finish(reason);
                        }
                    },
                    welcome);
        }

        private void reject(Rejection.Reason reason, String detail) {
            abort(new Ending.Rejected(Rejection.of(reason, detail)));
        }

        @Override
        void write() {
            if (awaited != Phase.OPEN) {
                return;
            }
            asked.set(false);
            if (rate.isPresent()) {
                long delay = rate.get().delay(System.nanoTime());
                if (delay > 0) {
                    pause(delay);
                    return;
                }
            }
            int before = writer.size();
            int most = rate.isPresent() ? Kind.LARGEST_FRAME : BATCH;
            while (writer.size() < most) {
                if (cutter.done()) {
                    Optional<SendQueue.Numbered> next = owner.next();
                    if (next.isEmpty()) {
                        break;
                    }
                    cutter.begin(next.get().id(), next.get().offer().frame());
                } else {
                    cutter.next();
                }
            }
            int written = writer.size() - before;
            rate.ifPresent(bucket -> bucket.spend(written, System.nanoTime()));
        }

        @Override
        void over(Ending how) {
            owner.ended(how);
        }
    }
}
