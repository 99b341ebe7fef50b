package io.murmuration.faults.sockets;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;

/**
 * A compute task that has ended, without its tensors: what {@link io.murmuration.faults.check.Observer#computed} needs to be
 * told of it in another process. Tasks that no check asks about are told as another that none asks about either, so that the
 * time they took is not lost.
 */
public record SeenTask(Compute.Task<?> task, Compute.Outcome<?> outcome) {

    private static final byte[] NONE = {};

    /** Numbers of the tasks that are told apart; of one version of this program only. */
    private enum Kind {
        LOSS,
        BACKWARD,
        OPEN,
        DISCARD,
        CONTRIBUTION,
        REDUCE,
        APPLY,
        REDO,
        STATE_DIGEST,
        WRITE_CHUNK,
        PIN,
        UNPIN,
        DRAW,
        KEEP_CHUNK,
        KEEP_CHECKPOINT,
        FORWARD,
        OTHER
    }

    static void write(DataOutput out, Compute.Task<?> task, Compute.Outcome<?> outcome) throws IOException {
        switch (task) {
            case Compute.Loss loss -> counting(out, Kind.LOSS, loss.id(), loss.count());
            case Compute.Backward backward -> counting(out, Kind.BACKWARD, backward.id(), backward.count());
            case Compute.Forward forward -> counting(out, Kind.FORWARD, forward.id(), false);
            case Compute.Open open -> kind(out, Kind.OPEN);
            case Compute.Discard discard -> kind(out, Kind.DISCARD);
            case Compute.Contribution contribution -> kind(out, Kind.CONTRIBUTION);
            case Compute.Reduce reduce -> kind(out, Kind.REDUCE);
            case Compute.Apply apply -> {
                kind(out, Kind.APPLY);
                out.writeLong(apply.step());
            }
            case Compute.Redo redo -> {
                kind(out, Kind.REDO);
                out.writeLong(redo.step());
            }
            case Compute.StateDigest digest -> kind(out, Kind.STATE_DIGEST);
            case Compute.WriteChunk chunk -> {
                kind(out, Kind.WRITE_CHUNK);
                out.writeInt(chunk.index());
                out.writeInt(chunk.chunks());
            }
            case Compute.Pin pin -> kind(out, Kind.PIN);
            case Compute.Unpin unpin -> kind(out, Kind.UNPIN);
            case Compute.Draw draw -> kind(out, Kind.DRAW);
            case Compute.KeepChunk chunk -> kind(out, Kind.KEEP_CHUNK);
            case Compute.KeepCheckpoint keep -> kind(out, Kind.KEEP_CHECKPOINT);
            default -> kind(out, Kind.OTHER);
        }
        out.writeBoolean(outcome instanceof Compute.Completed<?>);
        // Only digests are looked at.
        out.writeUTF(outcome instanceof Compute.Completed<?>(String result) ? result : "");
    }

    private static void kind(DataOutput out, Kind kind) throws IOException {
        out.writeByte(kind.ordinal());
    }

    private static void counting(DataOutput out, Kind kind, MicrobatchId id, boolean count) throws IOException {
        kind(out, kind);
        out.writeBoolean(id.purpose() == Purpose.TRAIN);
        out.writeLong(id.step());
        out.writeInt(id.index());
        out.writeBoolean(count);
    }

    static SeenTask read(DataInput in) throws IOException {
        Compute.Task<?> task =
                switch (Kind.values()[in.readByte()]) {
                    case LOSS -> new Compute.Loss(microbatch(in), NONE, Payload.EMPTY, in.readBoolean());
                    case BACKWARD ->
                        new Compute.Backward(microbatch(in), NONE, Payload.EMPTY, Payload.EMPTY, in.readBoolean());
                    case FORWARD -> {
                        MicrobatchId id = microbatch(in);
                        in.readBoolean();
                        yield new Compute.Forward(id, NONE, Payload.EMPTY);
                    }
                    case OPEN -> new Compute.Open(0, 0, false);
                    case DISCARD -> new Compute.Discard();
                    case CONTRIBUTION -> new Compute.Contribution(0, 0);
                    case REDUCE -> new Compute.Reduce(0, 0, List.of(), 0, 1);
                    case APPLY -> new Compute.Apply(in.readLong(), 0);
                    case REDO -> new Compute.Redo(in.readLong(), 0);
                    case STATE_DIGEST -> new Compute.StateDigest();
                    case WRITE_CHUNK -> new Compute.WriteChunk(in.readInt(), in.readInt(), Payload.EMPTY);
                    case PIN -> new Compute.Pin(1);
                    case UNPIN -> new Compute.Unpin();
                    case DRAW -> new Compute.Draw(new MicrobatchId(Purpose.TRAIN, 0, 0));
                    case KEEP_CHUNK -> new Compute.KeepChunk(0, 0, 0, 1, Payload.EMPTY);
                    case KEEP_CHECKPOINT -> new Compute.KeepCheckpoint(0, 1);
                    case OTHER -> new Compute.GradientLength();
                };
        boolean completed = in.readBoolean();
        String result = in.readUTF();
        return new SeenTask(
                task,
                completed
                        ? new Compute.Completed<>(result)
                        : new Compute.Failed<>(new IllegalStateException("a task failed on its node")));
    }

    private static MicrobatchId microbatch(DataInput in) throws IOException {
        Purpose purpose = in.readBoolean() ? Purpose.TRAIN : Purpose.EVALUATE;
        return new MicrobatchId(purpose, in.readLong(), in.readInt());
    }
}
