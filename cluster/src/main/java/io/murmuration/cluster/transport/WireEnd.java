package io.murmuration.cluster.transport;

import io.murmuration.cluster.config.DataPlaneSettings;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.zip.CRC32C;
import org.apache.pekko.japi.function.Effect;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.stage.AbstractInOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * One end of a connection: reads wire frames, writes what its subclass has to say, and sees to it that the other end is
 * alive. It always reads, because what it reads is bounded by the window it granted; it writes when the socket takes more.
 * Runs in its stream only.
 */
abstract class WireEnd extends TimerGraphStageLogic implements WireReader.Handler {

    /** A way to reach it from other threads. */
    interface Handle {

        /** There may be something to say. */
        void wake();

        /** Ends at once; nothing more arrives and what is unsent is lost. */
        void cut(String reason);

        /** Says what is ready, then ends. */
        void finish(String reason);
    }

    private enum Timer {
        HANDSHAKE,
        PROBE,
        LINGER,
        PAUSE
    }

    /** How long the reason may come after the end of one direction. */
    private static final Duration LINGER = Duration.ofMillis(500);

    /** What carries the end of a stage to the socket, which is then reset. */
    private static final class Cut extends RuntimeException {
        private static final long serialVersionUID = 1;

        private Cut(String reason) {
            super(reason, null, false, false);
        }
    }

    final WireWriter writer = new WireWriter();
    private final FlowShape<ByteString, ByteString> shape;
    private final DataPlaneSettings.Times times;
    private final WireReader reader = new WireReader(this);
    private final AsyncCallback<Boolean> woken = createAsyncCallback(any -> pump());
    private final AsyncCallback<String> cut = createAsyncCallback(this::abort);
    private final AsyncCallback<String> finish = createAsyncCallback(this::finishWith);
    private Ending ending = new Ending.Broken("the stream was stopped");
    private boolean ended;
    private boolean open;
    private boolean heard;
    private long heardAt = System.nanoTime();
    private boolean ping;
    private boolean pong;

    WireEnd(FlowShape<ByteString, ByteString> shape, DataPlaneSettings.Times times) {
        super(shape);
        this.shape = shape;
        this.times = times;
        setHandlers(shape.in(), shape.out(), new AbstractInOutHandler() {
            @Override
            public void onPush() {
                received(grab(shape.in()));
            }

            @Override
            public void onPull() {
                pump();
            }

            @Override
            public void onUpstreamFinish() {
                end(new Ending.Broken("the other side has closed the connection"));
            }

            @Override
            public void onUpstreamFailure(Throwable cause) {
                end(Ending.of(cause));
            }

            @Override
            public void onDownstreamFinish(Throwable cause) {
                // The reason comes with the other direction, if it comes.
                scheduleOnce(Timer.LINGER, LINGER);
            }
        });
    }

    /** What has to be said now, written to {@link #writer}. */
    abstract void write();

    /** It is over; said once. */
    abstract void over(Ending how);

    /** A frame that is not a sign of life. */
    abstract void said(Kind kind, byte[] body);

    /** The other end has sent nonsense. */
    void nonsense(BadFrameException bad) {}

    final Handle handle() {
        return new Handle() {
            @Override
            public void wake() {
                woken.invoke(true);
            }

            @Override
            public void cut(String reason) {
                cut.invoke(reason);
            }

            @Override
            public void finish(String reason) {
                finish.invoke(reason);
            }
        };
    }

    @Override
    public void preStart() {
        pull(shape.in());
        scheduleOnce(Timer.HANDSHAKE, times.handshake());
    }

    /** The handshake is done. */
    final void established() {
        open = true;
        cancelTimer(Timer.HANDSHAKE);
        scheduleWithFixedDelay(Timer.PROBE, times.probe(), times.probe());
    }

    /** Comes back to {@link #write} after a while. */
    final void pause(long nanos) {
        scheduleOnce(Timer.PAUSE, Duration.ofNanos(nanos));
    }

    /** Says {@code last} as the very last thing. */
    final void finish(Kind kind, byte[] last, Ending how) {
        writer.frame(kind, last);
        ending = how;
        ended = true;
        ByteString bytes = writer.take();
        emit(shape.out(), bytes, (Effect) this::completeStage);
    }

    private void finishWith(String reason) {
        if (!ended) {
            if (isAvailable(shape.out())) {
                pump();
            }
            end(new Ending.Broken(reason));
        }
    }

    /** Ends for a reason of this side; the socket is reset, so that nothing waits for a peer that does not read. */
    final void abort(String reason) {
        abort(new Ending.Broken(reason));
    }

    final void abort(Ending how) {
        if (!ended) {
            ended = true;
            ending = how;
            failStage(new Cut(how.toString()));
        }
    }

    private void end(Ending how) {
        if (!ended) {
            ended = true;
            ending = how;
        }
        completeStage();
    }

    @Override
    public void postStop() {
        over(ending);
    }

    final void pump() {
        if (ended || !isAvailable(shape.out())) {
            return;
        }
        if (ping) {
            ping = false;
            writer.frame(Kind.PING, new byte[0]);
        }
        if (pong) {
            pong = false;
            writer.frame(Kind.PONG, new byte[0]);
        }
        write();
        if (!ended && writer.size() > 0) {
            push(shape.out(), writer.take());
        }
    }

    private void received(ByteString bytes) {
        heard = true;
        heardAt = System.nanoTime();
        // The socket reads on while these bytes are looked at.
        tryPull(shape.in());
        try {
            for (ByteBuffer buffer : bytes.getByteBuffers()) {
                reader.feed(buffer);
                if (ended) {
                    return;
                }
            }
        } catch (BadFrameException bad) {
            nonsense(bad);
            abort("malformed: " + bad.getMessage());
            return;
        }
        pump();
    }

    @Override
    public final void frame(Kind kind, byte[] body) {
        if (ended) {
            return;
        }
        if (open && kind == Kind.PING) {
            pong = true;
        } else if (!open || kind != Kind.PONG) {
            said(kind, body);
        }
    }

    @Override
    public void dataFollows(int length) {
        throw unexpected(Kind.DATA);
    }

    @Override
    public int take(ByteBuffer input, int most, CRC32C crc) {
        throw unexpected(Kind.DATA);
    }

    @Override
    public void dataComplete() {
        throw unexpected(Kind.DATA);
    }

    static BadFrameException unexpected(Kind kind) {
        return new BadFrameException(BadFrameException.Reason.ORDER, kind + " was not expected here");
    }

    @Override
    public void onTimer(Object key) {
        switch ((Timer) key) {
            case HANDSHAKE -> abort("no handshake within " + times.handshake().toMillis() + " ms");
            case LINGER -> end(new Ending.Broken("the connection does not take anything any more"));
            case PAUSE -> pump();
            case PROBE -> probe();
        }
    }

    private void probe() {
        if (System.nanoTime() - heardAt >= times.idle().toNanos()) {
            abort("nothing was heard for " + times.idle().toMillis() + " ms");
        } else if (!heard) {
            ping = true;
            pump();
        }
        heard = false;
    }
}
