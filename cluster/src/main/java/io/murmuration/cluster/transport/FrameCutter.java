package io.murmuration.cluster.transport;

import io.murmuration.cluster.serialization.FrameCodec;
import java.util.List;

/** Cuts data frames into wire frames, one after the other. Not thread-safe. */
final class FrameCutter {

    private final WireWriter writer;
    private List<byte[]> parts = List.of();
    private int part;
    private int offset;

    FrameCutter(WireWriter writer) {
        this.writer = writer;
    }

    /** Whether nothing is left of the frame that was begun. */
    boolean done() {
        return part == parts.size();
    }

    void begin(long id, FrameCodec.Encoded frame) {
        writer.frame(Kind.BEGIN, FrameAssembly.begin(id, frame));
        parts = frame.parts();
        part = 0;
        offset = 0;
        skipEmpty();
    }

    /** Writes the next of the frame's bytes, as many as a wire frame holds. */
    void next() {
        byte[] bytes = parts.get(part);
        int some = Math.min(bytes.length - offset, Kind.DATA.mostBytes());
        writer.data(bytes, offset, some);
        offset += some;
        skipEmpty();
    }

    private void skipEmpty() {
        while (part < parts.size() && offset == parts.get(part).length) {
            part++;
            offset = 0;
        }
    }
}
