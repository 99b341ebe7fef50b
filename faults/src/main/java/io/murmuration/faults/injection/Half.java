package io.murmuration.faults.injection;

import io.murmuration.faults.simulation.world.Block;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.function.IntConsumer;

/** One way of a connection: reads where there is room on the link, and writes what has arrived. On the loop's thread. */
final class Half implements Direction.Sender {

    /** Bytes read at a time where the rate is high. */
    static final int MOST_PIECE = 64 * 1024;

    /** A piece takes a slow line at least that: a packet. */
    private static final int LEAST_PIECE = 1460;

    /** Pieces are what a line sends in a millisecond, so that its streams take turns often. */
    private static final double PIECES_PER_SECOND = 1000;

    /**
     * Bytes of one stream that may be on their way or wait for their receiver: 64 MiB fill 1 Gbit/s over 500 ms. It only
     * keeps a receiver that does not read from filling the memory here.
     */
    private static final long MOST_HELD = 64L << 20;

    /** Bytes that may wait for a receiver that does not read, before its sender has to. */
    private static final long MOST_UNREAD = 1L << 20;

    private final class Bytes implements Direction.Piece {
        private final byte[] bytes;

        private Bytes(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public int bytes() {
            return bytes.length;
        }

        @Override
        public void arrive() {
            if (!relay.closed()) {
                arrived.accept(bytes.length);
                out.add(ByteBuffer.wrap(bytes));
                unread += bytes.length;
                flush();
            }
        }

        @Override
        public long after(long arrival) {
            return inOrder(arrival);
        }
    }

    private final class End implements Direction.Piece {
        @Override
        public int bytes() {
            return 0;
        }

        @Override
        public void arrive() {
            if (!relay.closed()) {
                last = true;
                flush();
            }
        }

        @Override
        public long after(long arrival) {
            return inOrder(arrival);
        }
    }

    private final Relay relay;
    private final Direction direction;
    private final SelectionKey from;
    private final SelectionKey to;
    private final ByteBuffer buffer;
    private final IntConsumer arrived;
    private final ArrayDeque<ByteBuffer> out = new ArrayDeque<>();
    private long held;
    private long unread;
    private long latest = Long.MIN_VALUE;
    private boolean waits;
    /** Something of it was swallowed: what follows means nothing any more. */
    private boolean lost;
    /** Its sender has said the last word. */
    private boolean over;
    /** The last word is here. */
    private boolean last;

    private boolean finished;

    /** @param buffer to read into, shared on the loop's thread */
    Half(Relay relay, Direction direction, SelectionKey from, SelectionKey to, ByteBuffer buffer, IntConsumer arrived) {
        this.relay = relay;
        this.direction = direction;
        this.from = from;
        this.to = to;
        this.buffer = buffer;
        this.arrived = arrived;
    }

    Direction direction() {
        return direction;
    }

    boolean finished() {
        return finished;
    }

    void begin() {
        from.interestOpsOr(SelectionKey.OP_READ);
    }

    /** There is something to read, if there is room for it. */
    void read() {
        lost |= direction.blocked(Block.BLACK_HOLE);
        if (!lost && (held > MOST_HELD || unread > MOST_UNREAD)) {
            from.interestOpsAnd(~SelectionKey.OP_READ);
            return;
        }
        if (!lost && !direction.hasRoom()) {
            from.interestOpsAnd(~SelectionKey.OP_READ);
            if (!waits) {
                waits = true;
                direction.await(this);
            }
            return;
        }
        take();
    }

    /** It is this stream's turn: it takes one piece, and another turn while there is more. */
    @Override
    public boolean room() {
        waits = false;
        if (relay.closed() || over || held > MOST_HELD || unread > MOST_UNREAD) {
            return false;
        }
        lost |= direction.blocked(Block.BLACK_HOLE);
        int piece = piece();
        // Without a rate there is always room, and nobody has to wait for it.
        waits = take() == piece && direction.model().rate().limited();
        if (!waits && !relay.closed() && !over) {
            from.interestOpsOr(SelectionKey.OP_READ);
        }
        return waits;
    }

    private int take() {
        try {
            buffer.clear().limit(piece());
            int read = ((SocketChannel) from.channel()).read(buffer);
            if (read < 0) {
                over = true;
                from.interestOpsAnd(~SelectionKey.OP_READ);
                if (!lost) {
                    direction.send(new End());
                }
            } else if (read > 0 && !lost) {
                byte[] bytes = new byte[read];
                buffer.flip().get(bytes);
                held += read;
                direction.send(new Bytes(bytes));
            }
            return read;
        } catch (IOException e) {
            gone();
            return -1;
        }
    }

    /** Who sends is gone. */
    private void gone() {
        over = true;
        from.interestOpsAnd(~SelectionKey.OP_READ);
        if (lost) {
            relay.reset();
        } else {
            relay.broken(this);
        }
    }

    private int piece() {
        return direction.model().rate().limited()
                ? (int) Math.clamp(
                        direction.model().rate().bitsPerSecond() / Byte.SIZE / PIECES_PER_SECOND,
                        LEAST_PIECE,
                        MOST_PIECE)
                : MOST_PIECE;
    }

    /** Nothing overtakes anything on a connection. */
    long inOrder(long arrival) {
        latest = Math.max(latest, arrival);
        return latest;
    }

    /** Writes what the receiver takes of what has arrived. */
    void flush() {
        SocketChannel receiver = (SocketChannel) to.channel();
        try {
            while (!out.isEmpty()) {
                ByteBuffer next = out.element();
                int before = next.remaining();
                receiver.write(next);
                held -= before - next.remaining();
                unread -= before - next.remaining();
                if (next.hasRemaining()) {
                    to.interestOpsOr(SelectionKey.OP_WRITE);
                    return;
                }
                out.remove();
            }
            to.interestOpsAnd(~SelectionKey.OP_WRITE);
            if (last && !finished) {
                finished = true;
                receiver.shutdownOutput();
                relay.ended();
            }
        } catch (IOException e) {
            // The receiver is gone. Its own half finds that out too, and tells; what was for it is lost.
            out.clear();
            relay.reset();
            return;
        }
        if (!relay.closed() && !over && !waits && unread <= MOST_UNREAD / 2) {
            from.interestOpsOr(SelectionKey.OP_READ);
        }
    }
}
