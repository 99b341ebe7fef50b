package io.murmuration.cluster.serialization;

import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.cluster.membership.ClusterMessage;
import java.nio.ByteBuffer;
import org.apache.pekko.serialization.ByteBufferSerializer;
import org.apache.pekko.serialization.SerializerWithStringManifest;

/**
 * Pekko's way to {@link ClusterCodec}, the only one for messages of ours: Java serialisation is off. What cannot be read
 * becomes {@link ClusterMessage.Unreadable}, so that the gateway counts it and Pekko does not fill the log with it.
 */
public final class ClusterMessageSerializer extends SerializerWithStringManifest implements ByteBufferSerializer {

    /** On the wire; Pekko keeps those up to 40 for itself. */
    private static final int IDENTIFIER = 7301;

    /** The class stands in the bytes, as a number. */
    private static final String MANIFEST = "";

    private final ClusterCodec codec = new ClusterCodec();

    @Override
    public int identifier() {
        return IDENTIFIER;
    }

    @Override
    public String manifest(Object message) {
        return MANIFEST;
    }

    @Override
    public byte[] toBinary(Object message) {
        return codec.encode((ClusterMessage) message);
    }

    @Override
    public void toBinary(Object message, ByteBuffer buffer) {
        buffer.put(toBinary(message));
    }

    @Override
    public Object fromBinary(byte[] bytes, String manifest) {
        try {
            return codec.decode(bytes);
        } catch (ProtocolException e) {
            return new ClusterMessage.Unreadable(e.getMessage());
        }
    }

    @Override
    public Object fromBinary(ByteBuffer buffer, String manifest) {
        if (buffer.remaining() > ControlCodec.MAX_BYTES) {
            return new ClusterMessage.Unreadable(
                    "a control message has at most " + ControlCodec.MAX_BYTES + " bytes, got " + buffer.remaining());
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return fromBinary(bytes, manifest);
    }
}
