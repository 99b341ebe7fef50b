package io.murmuration.cluster.serialization;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.cluster.membership.ClusterMessage;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What travels between two nodes, as bytes: a version, the number of the message's class, its components in order. First
 * contact has a version of its own that never changes, so that nodes of different protocol versions can tell each other so.
 * Whatever is not a message is a {@link ProtocolException}, and costs no more memory than some multiple of its own length.
 *
 * <p>Thread-safe.
 */
public final class ClusterCodec {

    /** Of {@link ClusterMessage.Greeting} and its answers. */
    private static final int FIRST_CONTACT = 0;

    private static final int USUAL_BYTES = 512;

    private static final WireSchema SCHEMA = new WireSchema(ClusterTypes.TABLE);

    private final Map<Integer, RecordCodec> codecs = new LinkedHashMap<>();

    public ClusterCodec() {
        SCHEMA.records().forEach((type, codec) -> {
            if (ClusterMessage.class.isAssignableFrom(type)) {
                codecs.put(SCHEMA.id(type), codec);
            }
        });
    }

    /** @throws ProtocolException if the message is too long, holds a null or is of a class without a number */
    public byte[] encode(ClusterMessage message) {
        int id = SCHEMA.id(message.getClass());
        try (Output output = new Output(USUAL_BYTES, -1)) {
            output.writeByte(version(message));
            output.writeVarInt(id, true);
            codecs.get(id).write(output, message);
            if (output.total() > ControlCodec.MAX_BYTES) {
                throw new ProtocolException("a control message has at most " + ControlCodec.MAX_BYTES + " bytes, "
                        + name(message) + " has " + output.total());
            }
            return output.toBytes();
        }
    }

    /** @throws ProtocolException if {@code bytes} are not exactly one message */
    public ClusterMessage decode(byte[] bytes) {
        if (bytes.length > ControlCodec.MAX_BYTES) {
            throw new ProtocolException(
                    "a control message has at most " + ControlCodec.MAX_BYTES + " bytes, got " + bytes.length);
        }
        try (Input input = new Input(bytes)) {
            int version = input.readByte();
            if (version != FIRST_CONTACT && version != ControlCodec.PROTOCOL_VERSION) {
                throw new ProtocolException(
                        "expected protocol version " + ControlCodec.PROTOCOL_VERSION + ", got " + version);
            }
            int id = input.readVarInt(true);
            RecordCodec codec = codecs.get(id);
            if (codec == null) {
                throw new ProtocolException("expected the number of a message between nodes, got " + id);
            }
            ClusterMessage message = (ClusterMessage) codec.read(input);
            if (version(message) != version) {
                throw new ProtocolException(name(message) + " does not travel as version " + version);
            }
            if (input.position() != input.limit()) {
                throw new ProtocolException(name(message) + " is followed by " + (input.limit() - input.position())
                        + " bytes that mean nothing");
            }
            return message;
        } catch (KryoException e) {
            throw new ProtocolException(
                    "a control message of " + bytes.length + " bytes is cut short: " + e.getMessage());
        }
    }

    private static int version(ClusterMessage message) {
        return switch (message) {
            case ClusterMessage.Greeting greeting -> FIRST_CONTACT;
            case ClusterMessage.Welcome welcome -> FIRST_CONTACT;
            case ClusterMessage.TurnedAway turned -> FIRST_CONTACT;
            default -> ControlCodec.PROTOCOL_VERSION;
        };
    }

    private static String name(ClusterMessage message) {
        return message instanceof ClusterMessage.Carried carried
                ? carried.message().getClass().getSimpleName() + " from " + carried.from() + " to " + carried.to()
                : message.getClass().getSimpleName();
    }
}
