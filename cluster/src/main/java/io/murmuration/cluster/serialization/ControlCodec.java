package io.murmuration.cluster.serialization;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Registration;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.ProtocolException;

/**
 * Control messages as bytes: the protocol's version, the number of the message's class, sender, receiver, and the
 * message's components in order. Only classes of {@link WireTypes} travel; names of classes never do. Equal messages give
 * equal bytes. Whatever is not a message is a {@link ProtocolException}, and costs no more memory than some multiple of its
 * own length.
 *
 * <p>Not thread-safe (Kryo is not): one per thread.
 */
public final class ControlCodec {

    /** What both ends have to speak; grows when the meaning of bytes changes. */
    public static final int PROTOCOL_VERSION = 1;

    /**
     * The longest message, in bytes, both ways: a heartbeat never waits longer than some 30 us behind one on a link of
     * 10 Gbit/s, and a roster of some 1,000 members still fits.
     */
    public static final int MAX_BYTES = 32 * 1024;

    /** Most messages are shorter; the buffer grows. */
    private static final int USUAL_BYTES = 512;

    private final Kryo kryo = new Kryo();
    private final RecordCodec members = WireSchema.PROTOCOL.records().get(Member.class);

    public ControlCodec() {
        kryo.setRegistrationRequired(true);
        kryo.setReferences(false);
        WireSchema.PROTOCOL
                .records()
                .forEach((type, codec) -> kryo.register(type, codec, WireSchema.PROTOCOL.id(type)));
    }

    /** @throws ProtocolException if the message is too long, holds a null or is of a class without a number */
    public byte[] encode(Envelope envelope) {
        ControlMessage message = envelope.message();
        int id = WireSchema.PROTOCOL.id(message.getClass());
        // Without a limit of its own, so that the error below can name the size: the message is in memory anyway.
        try (Output output = new Output(USUAL_BYTES, -1)) {
            output.writeByte(PROTOCOL_VERSION);
            output.writeVarInt(id, true);
            members.write(output, envelope.from());
            members.write(output, envelope.to());
            codec(kryo.getRegistration(id)).write(kryo, output, message);
            if (output.total() > MAX_BYTES) {
                throw new ProtocolException("a control message has at most " + MAX_BYTES + " bytes, "
                        + message.getClass().getSimpleName() + " from " + envelope.from() + " to " + envelope.to()
                        + " has " + output.total());
            }
            return output.toBytes();
        }
    }

    /** @throws ProtocolException if {@code bytes} are not exactly one message */
    public Envelope decode(byte[] bytes) {
        if (bytes.length > MAX_BYTES) {
            throw new ProtocolException("a control message has at most " + MAX_BYTES + " bytes, got " + bytes.length);
        }
        try (Input input = new Input(bytes)) {
            int version = input.readByte();
            if (version != PROTOCOL_VERSION) {
                throw new ProtocolException("expected protocol version " + PROTOCOL_VERSION + ", got " + version);
            }
            int id = input.readVarInt(true);
            Registration registration = kryo.getRegistration(id);
            if (registration == null || !ControlMessage.class.isAssignableFrom(registration.getType())) {
                throw new ProtocolException("expected the number of a control message, got " + id);
            }
            Member from = (Member) members.read(input);
            Member to = (Member) members.read(input);
            ControlMessage message = (ControlMessage) codec(registration).read(kryo, input, registration.getType());
            if (input.position() != input.limit()) {
                throw new ProtocolException(message.getClass().getSimpleName() + " from " + from + " is followed by "
                        + (input.limit() - input.position()) + " bytes that mean nothing");
            }
            return new Envelope(from, to, message);
        } catch (KryoException e) {
            throw new ProtocolException(
                    "a control message of " + bytes.length + " bytes is cut short: " + e.getMessage());
        }
    }

    private static RecordCodec codec(Registration registration) {
        return (RecordCodec) registration.getSerializer();
    }
}
