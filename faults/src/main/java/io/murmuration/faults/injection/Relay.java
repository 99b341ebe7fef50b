package io.murmuration.faults.injection;

import io.murmuration.faults.simulation.world.Block;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection through a proxy. Opening it takes a round trip, as it would without the proxy; then two {@link Half streams}
 * go their ways. On the loop's thread.
 */
final class Relay {

    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);

    /** The kernel keeps little for the proxy, so that it is the link's queue that fills. */
    private static final int SOCKET_BUFFER = 256 * 1024;

    /** Between two tries to open a connection that a black hole has swallowed (Linux: 1 s the first time). */
    private static final long AGAIN = TimeUnit.SECONDS.toNanos(1);

    /** A word about the connection; it takes no room. */
    private record Word(Relay relay, Half way, Runnable heard) implements Direction.Piece {
        @Override
        public int bytes() {
            return 0;
        }

        @Override
        public void arrive() {
            if (!relay.closed) {
                heard.run();
            }
        }

        @Override
        public long after(long arrival) {
            return way.inOrder(arrival);
        }
    }

    private final ProxyLoop loop;
    private final Direction there;
    private final Direction back;
    private final InetSocketAddress target;
    private final Runnable refused;
    private final Half onward;
    private final Half returning;
    private final SocketChannel client;
    private final SocketChannel server;
    private final SelectionKey serverKey;
    private boolean closed;

    /**
     * @param client was accepted just now
     * @param refused told that nobody listens at {@code target}
     */
    Relay(
            ProxyLoop loop,
            SocketChannel client,
            Direction there,
            Direction back,
            InetSocketAddress target,
            Runnable refused,
            ByteCount counts)
            throws IOException {
        this.loop = loop;
        this.there = there;
        this.back = back;
        this.target = target;
        this.refused = refused;
        this.client = client;
        this.server = SocketChannel.open();
        server.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER);
        server.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER);
        server.setOption(StandardSocketOptions.TCP_NODELAY, true);
        client.setOption(StandardSocketOptions.TCP_NODELAY, true);
        client.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER);
        SelectionKey clientKey = loop.register(client, 0, this::clientReady);
        this.serverKey = loop.register(server, 0, this::serverReady);
        ByteBuffer buffer = ByteBuffer.allocateDirect(Half.MOST_PIECE);
        this.onward = new Half(this, there, clientKey, serverKey, buffer, counts::there);
        this.returning = new Half(this, back, serverKey, clientKey, buffer, counts::back);
    }

    /** Sets out for the far end. */
    void open() {
        there.relays().add(this);
        back.relays().add(this);
        knock();
    }

    /** Counts bytes that have arrived. */
    interface ByteCount {
        void there(int bytes);

        void back(int bytes);
    }

    private void knock() {
        if (closed) {
            return;
        }
        if (there.blocked(Block.BLACK_HOLE) || back.blocked(Block.BLACK_HOLE)) {
            loop.at(loop.now() + AGAIN, this::knock);
            return;
        }
        there.send(new Word(this, onward, this::connect));
    }

    private void connect() {
        try {
            if (server.connect(target)) {
                connected();
            } else {
                serverKey.interestOps(SelectionKey.OP_CONNECT);
            }
        } catch (IOException e) {
            unreachable(e);
        }
    }

    private void unreachable(IOException why) {
        LOG.debug("{}: {} cannot be reached: {}", there.pair(), target, why.getMessage());
        back.send(new Word(this, returning, () -> {
            refused.run();
            reset();
        }));
    }

    private void connected() {
        serverKey.interestOps(0);
        back.send(new Word(this, returning, () -> {
            onward.begin();
            returning.begin();
        }));
    }

    private void clientReady(SelectionKey key) {
        if (key.isReadable()) {
            onward.read();
        }
        if (!closed && key.isValid() && key.isWritable()) {
            returning.flush();
        }
    }

    private void serverReady(SelectionKey key) {
        if (key.isConnectable()) {
            try {
                server.finishConnect();
                connected();
            } catch (IOException e) {
                unreachable(e);
            }
            return;
        }
        if (key.isReadable()) {
            returning.read();
        }
        if (!closed && key.isValid() && key.isWritable()) {
            onward.flush();
        }
    }

    /** One end is gone: the other hears of it when the news has travelled. */
    void broken(Half half) {
        half.direction().send(new Word(this, half, this::reset));
    }

    /** One way has come to its end. */
    void ended() {
        if (onward.finished() && returning.finished()) {
            close();
        }
    }

    boolean closed() {
        return closed;
    }

    /** Both ends learn at once that the connection is no more. */
    void reset() {
        if (closed) {
            return;
        }
        try {
            // Not to linger turns the close into a reset.
            client.setOption(StandardSocketOptions.SO_LINGER, 0);
            server.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            LOG.debug("{}: a connection that is reset is gone already: {}", there.pair(), e.getMessage());
        }
        close();
    }

    private void close() {
        closed = true;
        there.relays().remove(this);
        back.relays().remove(this);
        try {
            client.close();
        } catch (IOException e) {
            LOG.debug("{}: {}", there.pair(), e.getMessage());
        }
        try {
            server.close();
        } catch (IOException e) {
            LOG.debug("{}: {}", there.pair(), e.getMessage());
        }
    }
}
