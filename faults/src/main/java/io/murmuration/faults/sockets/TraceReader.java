package io.murmuration.faults.sockets;

import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.serialization.ControlCodec;
import io.murmuration.cluster.serialization.RunEventCodec;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Reads a {@link NodeTrace} while it is written: what was written whole since the last time. One thread. */
public final class TraceReader {

    private static final int LARGEST = 1 << 20;

    private final Path file;
    private final ControlCodec control = new ControlCodec();
    private final RunEventCodec events = new RunEventCodec();
    private long position;

    public TraceReader(Path file) {
        this.file = file;
    }

    /** Whether the process has come so far that it looks for others. */
    public boolean begun() {
        return Files.exists(file);
    }

    /** What is new, in the order of the file. */
    public List<Seen> read() {
        List<Seen> seen = new ArrayList<>();
        if (!Files.exists(file)) {
            return seen;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer fresh =
                    ByteBuffer.allocate(Math.toIntExact(Math.min(Integer.MAX_VALUE / 2, channel.size() - position)));
            while (fresh.hasRemaining() && channel.read(fresh, position + fresh.position()) > 0) {
                // Until all that was there is read.
            }
            fresh.flip();
            while (fresh.remaining() >= Integer.BYTES) {
                int length = fresh.getInt(fresh.position());
                if (length < 1 || length > LARGEST) {
                    throw new IllegalStateException(
                            file + ": expected the length of a record at byte " + position + ", got " + length);
                }
                if (fresh.remaining() < Integer.BYTES + length) {
                    break;
                }
                byte[] bytes = new byte[length];
                fresh.getInt();
                fresh.get(bytes);
                position += Integer.BYTES + length;
                seen.add(record(bytes));
            }
            return seen;
        } catch (IOException e) {
            throw new UncheckedIOException("what was seen of a node cannot be read: " + file, e);
        }
    }

    private Seen record(byte[] bytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        byte kind = in.readByte();
        long nanos = in.readLong();
        return switch (kind) {
            case NodeTrace.SENT -> new Seen.Sent(nanos, control.decode(in.readAllBytes()));
            case NodeTrace.DELIVERED -> new Seen.Delivered(nanos, control.decode(in.readAllBytes()));
            case NodeTrace.LIFE -> new Seen.Life(nanos);
            case NodeTrace.TOLD -> new Seen.Told(nanos, events.decode(in.readAllBytes()));
            case NodeTrace.COMPUTED -> {
                Member owner = Member.of(in.readUTF(), in.readLong());
                long busy = in.readLong();
                int stage = in.readInt();
                yield new Seen.Computed(nanos, owner, SeenTask.read(in), busy, stage);
            }
            default -> throw new IllegalStateException(file + ": expected the kind of a record, got " + kind);
        };
    }
}
