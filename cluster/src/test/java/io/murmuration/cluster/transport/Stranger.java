package io.murmuration.cluster.transport;

import static io.murmuration.cluster.transport.DataPlaneContract.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.DataFrame.Traffic;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;

/** Speaks to a data plane by hand. */
final class Stranger implements AutoCloseable {

    private final Socket socket;
    private final DataInputStream input;

    Stranger(TcpDataPlane plane) throws IOException {
        this.socket = new Socket("127.0.0.1", plane.bound().getPort());
        socket.setSoTimeout((int) SOON.toMillis());
        this.input = new DataInputStream(socket.getInputStream());
    }

    /** Hears the greeting and says hello to beta; what it repeats is the greeting's nonce. */
    static Stranger saysHello(TcpDataPlane plane, NodeIdentity identity) throws IOException {
        Stranger stranger = new Stranger(plane);
        stranger.hello(identity, stranger.nonce());
        return stranger;
    }

    /** One that was let in. */
    static Stranger letIn(TcpDataPlane plane, NodeIdentity identity) throws IOException {
        Stranger stranger = saysHello(plane, identity);
        assertThat(Handshake.Welcome.of(stranger.body()).node()).isEqualTo("beta");
        return stranger;
    }

    byte[] nonce() throws IOException {
        return Handshake.Greeting.of(body()).nonce();
    }

    void hello(NodeIdentity identity, byte[] nonce) throws IOException {
        send(Kind.HELLO, new Handshake.Hello(identity, "beta", Traffic.BULK, nonce).body());
    }

    /** The body of the next frame that comes. */
    byte[] body() throws IOException {
        int length = input.readInt();
        input.readFully(new byte[Kind.HEADER - Integer.BYTES]);
        byte[] body = new byte[length];
        input.readFully(body);
        return body;
    }

    void send(Kind kind, byte[] body) throws IOException {
        raw(frame(kind, body));
    }

    /** A frame as it travels. */
    static byte[] frame(Kind kind, byte[] body) {
        WireWriter writer = new WireWriter();
        writer.frame(kind, body);
        return writer.take().toArray();
    }

    void raw(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** It says no more, but listens. */
    void endsItsWords() throws IOException {
        socket.shutdownOutput();
    }

    /** Whatever is still read, the end comes. */
    void assertEnds() throws IOException {
        try {
            while (input.read() >= 0) {
                continue;
            }
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
