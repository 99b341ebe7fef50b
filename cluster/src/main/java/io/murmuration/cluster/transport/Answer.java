package io.murmuration.cluster.transport;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.Refusal;
import java.io.IOException;

/**
 * What became of a frame, as it travels back.
 *
 * @param id number of the frame on its connection
 */
record Answer(long id, DataPlane.Outcome outcome) {

    private static final int ACCEPTED = 0;
    private static final int REFUSED = 1;
    private static final int FAILED = 2;
    private static final int MOST_DETAIL = 1000;

    byte[] body() {
        return Fields.write(output -> {
            output.writeLong(id);
            switch (outcome) {
                case DataPlane.Accepted() -> output.writeByte(ACCEPTED);
                case DataPlane.Refused(Refusal refusal) -> {
                    output.writeByte(REFUSED);
                    output.writeByte(refusal.reason().ordinal());
                    output.writeUTF(Fields.shortened(refusal.detail(), MOST_DETAIL));
                }
                case DataPlane.Failed(String reason) -> {
                    output.writeByte(FAILED);
                    output.writeUTF(Fields.shortened(reason, MOST_DETAIL));
                }
            }
        });
    }

    static Answer of(byte[] body) {
        return Fields.read(Kind.ANSWER, body, input -> {
            long id = input.readLong();
            int outcome = input.readUnsignedByte();
            return new Answer(
                    id,
                    switch (outcome) {
                        case ACCEPTED -> new DataPlane.Accepted();
                        case REFUSED ->
                            new DataPlane.Refused(Refusal.of(
                                    Fields.constant(Refusal.Reason.values(), input.readUnsignedByte()),
                                    input.readUTF()));
                        case FAILED -> new DataPlane.Failed(input.readUTF());
                        default -> throw new IOException("expected an outcome from 0 to 2, got " + outcome);
                    });
        });
    }
}
