package io.murmuration.cluster.serialization;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.murmuration.actors.protocol.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Codecs of values that hold no other values. */
final class Values {

    static final ValueCodec LONG =
            of(1, (output, value) -> output.writeVarLong((Long) value, false), input -> input.readVarLong(false));

    static final ValueCodec INT =
            of(1, (output, value) -> output.writeVarInt((Integer) value, false), input -> input.readVarInt(false));

    /** Eight bytes; all that is not a number is one and the same. */
    static final ValueCodec DOUBLE =
            of(Double.BYTES, (output, value) -> output.writeDouble((Double) value), Input::readDouble);

    static final ValueCodec BOOLEAN =
            of(1, (output, value) -> output.writeByte((Boolean) value ? 1 : 0), Values::readFlag);

    static final ValueCodec STRING = of(1, (output, value) -> writeText(output, (String) value), Values::readText);

    static final ValueCodec BYTES = of(
            1,
            (output, value) -> {
                byte[] bytes = (byte[]) value;
                output.writeVarInt(bytes.length, true);
                output.writeBytes(bytes);
            },
            input -> input.readBytes(readCount(input, 1)));

    private Values() {}

    static ValueCodec of(int least, BiConsumer<Output, Object> writer, Function<Input, Object> reader) {
        return new ValueCodec() {
            @Override
            public void write(Output output, Object value) {
                writer.accept(output, value);
            }

            @Override
            public Object read(Input input) {
                return reader.apply(input);
            }

            @Override
            public int leastBytes() {
                return least;
            }
        };
    }

    /** One of the type's constants by its place, so constants may be added at the end and never moved. */
    static ValueCodec constants(Class<?> type) {
        Object[] constants = type.getEnumConstants();
        return of(1, (output, value) -> output.writeVarInt(((Enum<?>) value).ordinal(), true), input -> {
            int ordinal = input.readVarInt(true);
            if (ordinal < 0 || ordinal >= constants.length) {
                throw new ProtocolException("expected one of the " + constants.length + " constants of "
                        + type.getSimpleName() + ", got number " + ordinal);
            }
            return constants[ordinal];
        });
    }

    /** A length: not negative, and what is left of the message has room for so many things of {@code least} bytes. */
    static int readCount(Input input, int least) {
        int count = input.readVarInt(true);
        int left = input.limit() - input.position();
        if (count < 0 || count > left / least) {
            throw new ProtocolException(
                    "a length of " + count + " with " + left + " bytes left, each at least " + least);
        }
        return count;
    }

    static boolean readFlag(Input input) {
        int flag = input.readByte();
        if (flag != 0 && flag != 1) {
            throw new ProtocolException("expected yes (1) or no (0), got " + flag);
        }
        return flag == 1;
    }

    private static void writeText(Output output, String text) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8
                    .newEncoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(text));
            output.writeVarInt(bytes.remaining(), true);
            output.writeBytes(bytes.array(), bytes.arrayOffset(), bytes.remaining());
        } catch (CharacterCodingException e) {
            throw new ProtocolException("a text with half a surrogate pair cannot be sent");
        }
    }

    /** Not Kryo's own: that one makes room for as many characters as the message claims. */
    private static String readText(Input input) {
        byte[] bytes = input.readBytes(readCount(input, 1));
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolException("a text of " + bytes.length + " bytes is not UTF-8");
        }
    }
}
