package io.murmuration.cluster.transport;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.cluster.config.DataPlaneSettings;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.util.ByteString;

/** The end of a connection that gets data frames and answers them. */
final class InboundConnection extends GraphStage<FlowShape<ByteString, ByteString>> {

    /** Who listens. */
    interface Owner {

        /** Takes or rejects who says hello on this connection. */
        Admission admit(Handshake.Hello hello, WireEnd.Handle connection);

        void nonsense(BadFrameException bad);

        void ended(Ending how);
    }

    /** What comes of a hello. */
    sealed interface Admission {}

    record Turned(Rejection rejection) implements Admission {}

    record Taken(Handshake.Welcome welcome, Inbox inbox) implements Admission {}

    /** Where frames go that have arrived. */
    interface Inbox {
        /** @param answered may be called once, from any thread */
        void arrived(FrameAssembly.Arrived frame, java.util.function.Consumer<DataPlane.Outcome> answered);
    }

    private record Answered(Answer answer, long cost) {}

    private final int protocol;
    private final byte[] nonce;
    private final DataPlaneSettings settings;
    private final Owner owner;
    private final FlowShape<ByteString, ByteString> shape =
            FlowShape.of(Inlet.create("received"), Outlet.create("sent"));

    /** @param nonce random bytes, for this connection only */
    InboundConnection(int protocol, byte[] nonce, DataPlaneSettings settings, Owner owner) {
        this.protocol = protocol;
        this.nonce = nonce.clone();
        this.settings = settings;
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

    /** What a connection has once its hello was taken. */
    private record Opened(FrameAssembly assembly, Inbox inbox) {}

    private final class Logic extends WireEnd {
        /** Bounded by the window: a frame is out of it only when its answer is written. */
        private final Deque<Answered> answers = new ArrayDeque<>();

        private final AsyncCallback<Answered> answered = createAsyncCallback(answer -> {
            answers.add(answer);
            pump();
        });
        private Optional<Opened> opened = Optional.empty();

        private Logic() {
            super(shape, settings.times());
        }

        @Override
        public void preStart() {
            super.preStart();
            writer.frame(Kind.GREETING, new Handshake.Greeting(protocol, nonce).body());
        }

        @Override
        void said(Kind kind, byte[] body) {
            if (opened.isEmpty() && kind == Kind.HELLO) {
                hello(Handshake.Hello.of(body, protocol));
            } else if (opened.isPresent() && kind == Kind.BEGIN) {
                opened.get().assembly().begin(body).ifPresent(this::arrived);
            } else {
                throw unexpected(kind);
            }
        }

        private void hello(Handshake.Hello hello) {
            switch (owner.admit(hello, handle())) {
                case Turned(Rejection rejection) ->
                    finish(Kind.REJECTED, Handshake.rejection(rejection), new Ending.Rejected(rejection));
                case Taken(Handshake.Welcome welcome, Inbox inbox) -> {
                    opened = Optional.of(new Opened(
                            new FrameAssembly(
                                    hello.identity().node(), hello.traffic(), welcome.largest(), welcome.window()),
                            inbox));
                    writer.frame(Kind.WELCOME, welcome.body());
                    established();
                }
            }
        }

        private FrameAssembly assembly() {
            return opened.orElseThrow(() -> unexpected(Kind.DATA)).assembly();
        }

        @Override
        public void dataFollows(int length) {
            assembly().follows(length);
        }

        @Override
        public int take(ByteBuffer input, int most, CRC32C crc) {
            return assembly().take(input, most, crc);
        }

        @Override
        public void dataComplete() {
            assembly().whole().ifPresent(this::arrived);
        }

        private void arrived(FrameAssembly.Arrived frame) {
            opened.orElseThrow()
                    .inbox()
                    .arrived(
                            frame,
                            outcome -> answered.invoke(new Answered(new Answer(frame.id(), outcome), frame.cost())));
        }

        @Override
        void write() {
            while (!answers.isEmpty() && writer.size() < Kind.LARGEST_FRAME) {
                Answered next = answers.remove();
                assembly().answered(next.cost());
                writer.frame(Kind.ANSWER, next.answer().body());
            }
        }

        @Override
        void nonsense(BadFrameException bad) {
            owner.nonsense(bad);
        }

        @Override
        void over(Ending how) {
            owner.ended(how);
        }
    }
}
