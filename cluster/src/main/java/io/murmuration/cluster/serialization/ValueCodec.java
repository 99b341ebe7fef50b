package io.murmuration.cluster.serialization;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;

/**
 * Writes and reads values of one static type. Equal values give equal bytes. Reading makes nothing larger than what the
 * bytes that are there can fill, and throws {@code ProtocolException} or {@code KryoException} on anything else.
 */
interface ValueCodec {

    void write(Output output, Object value);

    Object read(Input input);

    /** No value takes fewer bytes; by it the length of a list is checked against what is left of the message. */
    int leastBytes();
}
