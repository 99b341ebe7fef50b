package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.DataFrame.Traffic;
import java.util.Arrays;

/**
 * The words that begin a connection. Who listens greets with a number never used before; who connects says who it is and
 * repeats that number, so that what was recorded once cannot be played back; who listens takes or rejects it.
 */
final class Handshake {

    /** First word of both sides: "MURM". */
    static final int MAGIC = 0x4d55524d;

    static final int NONCE_BYTES = 16;
    private static final int MOST_DETAIL = 1000;

    /** @param nonce random bytes for this connection only */
    @SuppressWarnings("ArrayRecordComponent")
    record Greeting(int protocol, byte[] nonce) {
        byte[] body() {
            return Fields.write(output -> {
                output.writeInt(MAGIC);
                output.writeInt(protocol);
                output.write(nonce);
            });
        }

        static Greeting of(byte[] body) {
            return Fields.read(Kind.GREETING, body, input -> {
                magic(input.readInt());
                int protocol = input.readInt();
                byte[] nonce = new byte[NONCE_BYTES];
                input.readFully(nonce);
                return new Greeting(protocol, nonce);
            });
        }
    }

    /**
     * Who connects.
     *
     * @param to the node that is meant
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Hello(NodeIdentity identity, String to, Traffic traffic, byte[] nonce) {
        byte[] body() {
            return Fields.write(output -> {
                output.writeInt(MAGIC);
                output.writeInt(identity.protocol());
                output.write(nonce);
                output.writeUTF(identity.node());
                output.writeLong(identity.life());
                output.writeUTF(identity.run());
                output.writeUTF(to);
                output.writeByte(traffic.ordinal());
            });
        }

        /** Of another protocol only what never changes is read; the rest is empty. */
        static Hello of(byte[] body, int ours) {
            return Fields.read(Kind.HELLO, body, input -> {
                magic(input.readInt());
                int protocol = input.readInt();
                byte[] nonce = new byte[NONCE_BYTES];
                input.readFully(nonce);
                if (protocol != ours) {
                    input.skipBytes(body.length);
                    return new Hello(new NodeIdentity("", 0, "", protocol), "", Traffic.BULK, nonce);
                }
                String node = input.readUTF();
                long life = input.readLong();
                String run = input.readUTF();
                return new Hello(
                        new NodeIdentity(node, life, run, protocol),
                        input.readUTF(),
                        Fields.constant(Traffic.values(), input.readUnsignedByte()),
                        nonce);
            });
        }

        boolean repeats(byte[] other) {
            return Arrays.equals(nonce, other);
        }
    }

    /**
     * Who is there takes who connects.
     *
     * @param window bytes of frames that may be unanswered
     * @param largest bytes of the largest frame
     */
    record Welcome(String node, long life, long window, long largest) {
        byte[] body() {
            return Fields.write(output -> {
                output.writeUTF(node);
                output.writeLong(life);
                output.writeLong(window);
                output.writeLong(largest);
            });
        }

        static Welcome of(byte[] body) {
            Welcome welcome = Fields.read(
                    Kind.WELCOME,
                    body,
                    input -> new Welcome(input.readUTF(), input.readLong(), input.readLong(), input.readLong()));
            if (welcome.window < 1 || welcome.largest < 1) {
                throw new BadFrameException(
                        BadFrameException.Reason.HEADER,
                        "expected a window and a largest frame above 0, got " + welcome.window + " and "
                                + welcome.largest);
            }
            return welcome;
        }
    }

    private Handshake() {}

    static byte[] rejection(Rejection rejection) {
        return Fields.write(output -> {
            output.writeByte(rejection.reason().ordinal());
            output.writeUTF(Fields.shortened(rejection.detail(), MOST_DETAIL));
        });
    }

    static Rejection rejection(byte[] body) {
        return Fields.read(
                Kind.REJECTED,
                body,
                input -> new Rejection(
                        Fields.constant(Rejection.Reason.values(), input.readUnsignedByte()), input.readUTF()));
    }

    private static void magic(int magic) {
        if (magic != MAGIC) {
            throw new BadFrameException(
                    BadFrameException.Reason.HEADER,
                    String.format("expected %08x of a data plane, got %08x", MAGIC, magic));
        }
    }
}
