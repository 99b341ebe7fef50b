package io.murmuration.cluster.transport;

import io.murmuration.cluster.report.Texts;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Bodies of small frames: what is written, and what is read and nothing behind it. */
final class Fields {

    /** Writes the fields of a body. */
    interface Writing {
        void to(DataOutputStream output) throws IOException;
    }

    /** Reads the fields of a body. */
    interface Reading<T> {
        T from(DataInputStream input) throws IOException;
    }

    private Fields() {}

    static byte[] write(Writing fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            fields.to(new DataOutputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException("a body cannot be written", e);
        }
        return bytes.toByteArray();
    }

    /** @throws BadFrameException if these are not the fields of a {@code kind} */
    static <T> T read(Kind kind, byte[] body, Reading<T> fields) {
        DataInputStream input = new DataInputStream(new ByteArrayInputStream(body));
        try {
            T value = fields.from(input);
            if (input.available() > 0) {
                throw new BadFrameException(
                        BadFrameException.Reason.HEADER,
                        kind + " is followed by " + input.available() + " bytes that mean nothing");
            }
            return value;
        } catch (IOException e) {
            throw new BadFrameException(
                    BadFrameException.Reason.HEADER, kind + " of " + body.length + " bytes cannot be read: " + e);
        }
    }

    /** One of {@code constants} by its place. */
    static <E> E constant(E[] constants, int place) throws IOException {
        if (place < 0 || place >= constants.length) {
            throw new IOException("expected a number below " + constants.length + ", got " + place);
        }
        return constants[place];
    }

    /** Text that fits into a frame; what is longer is cut. */
    static String shortened(String text, int most) {
        return text.length() <= most ? text : Texts.cut(text, most) + "...";
    }
}
