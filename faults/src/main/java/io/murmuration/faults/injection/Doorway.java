package io.murmuration.faults.injection;

import io.murmuration.faults.simulation.world.Block;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where one node finds one plane of another. It listens while the other would. On the loop's thread. */
final class Doorway {

    private static final Logger LOG = LoggerFactory.getLogger(Doorway.class);

    private static final int BACKLOG = 64;
    private static final int RECEIVE_BUFFER = 256 * 1024;

    /** A target that refuses will refuse the next one too: for so long nobody gets in here either. */
    private static final long REFUSING = TimeUnit.MILLISECONDS.toNanos(200);

    private final ProxyLoop loop;
    private final InetSocketAddress target;
    private final Direction there;
    private final Direction back;
    private final Relay.ByteCount counts;
    private InetSocketAddress address;
    private ServerSocketChannel server;
    private boolean answers = true;
    private long refusingUntil = Long.MIN_VALUE;

    Doorway(
            ProxyLoop loop,
            InetSocketAddress at,
            InetSocketAddress target,
            Direction there,
            Direction back,
            Relay.ByteCount counts) {
        this.loop = loop;
        this.target = target;
        this.there = there;
        this.back = back;
        this.counts = counts;
        this.address = at;
        this.server = open();
    }

    InetSocketAddress address() {
        return address;
    }

    String to() {
        return there.pair().to();
    }

    /** Whether the target has a listener at all. */
    void answering(boolean listens) {
        answers = listens;
        look();
    }

    /** Opens or closes, as things are now. */
    void look() {
        boolean open =
                answers && loop.now() >= refusingUntil && !there.blocked(Block.REJECT) && !back.blocked(Block.REJECT);
        if (open && !server.isOpen()) {
            server = open();
        } else if (!open && server.isOpen()) {
            shut();
        }
    }

    private void shut() {
        try {
            server.close();
            loop.flush();
        } catch (IOException e) {
            LOG.warn("the proxy at {} could not stop listening: {}", address, e.toString());
        }
    }

    private ServerSocketChannel open() {
        try {
            ServerSocketChannel channel = ServerSocketChannel.open();
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BUFFER);
            channel.bind(address, BACKLOG);
            address = (InetSocketAddress) channel.getLocalAddress();
            loop.register(channel, SelectionKey.OP_ACCEPT, key -> accept(channel));
            return channel;
        } catch (IOException e) {
            throw new UncheckedIOException("a proxy cannot listen on " + address + ": " + e.getMessage(), e);
        }
    }

    private void accept(ServerSocketChannel channel) {
        try {
            SocketChannel client = channel.accept();
            while (client != null) {
                accepted(client);
                client = channel.isOpen() ? channel.accept() : null;
            }
        } catch (IOException e) {
            LOG.warn("the proxy at {} could not take a connection: {}", address, e.toString());
        }
    }

    private void accepted(SocketChannel client) throws IOException {
        if (there.blocked(Block.RESET) || back.blocked(Block.RESET)) {
            client.setOption(StandardSocketOptions.SO_LINGER, 0);
            client.close();
            return;
        }
        new Relay(loop, client, there, back, target, this::refused, counts).open();
    }

    private void refused() {
        refusingUntil = loop.now() + REFUSING;
        look();
        loop.at(refusingUntil, this::look);
    }
}
