package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.tensors.reduce.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.TreeMap;

/**
 * A shard without numbers: it remembers what was counted, what was averaged and what was applied, and nothing else. What
 * does not fit together (tokens of one microbatch with activations of another) fails as it would not with numbers.
 */
final class SymbolicReplica {

    private final ModelledSetup setup;
    private final int stage;
    private final long length;
    private final StateSymbol state;
    /** Of each step that is not applied yet. */
    private final TreeMap<Long, CountedSet> counted = new TreeMap<>();

    private final AverageParts average = new AverageParts();
    private String before = "";
    private long applied = -1;
    private String pinned = "";
    private int chunkBytes;
    /** What came of the stages before and behind, while this one is built from them. */
    private final TreeMap<Integer, StateSymbol> neighbours = new TreeMap<>();

    SymbolicReplica(ModelledSetup setup, Compute.Open open) {
        this.setup = setup;
        this.stage = open.stage();
        this.length = setup.parameters().get(stage);
        this.state = new StateSymbol(
                open.initial() ? StateSymbol.initial(stage, open.version(), setup.seed()) : StateSymbol.empty(stage));
    }

    // ---- microbatches ------------------------------------------------------------------------------------------

    /** What names a microbatch, in place of its tokens and of its tensors. */
    static byte[] symbol(MicrobatchId id) {
        return ByteBuffer.allocate(1 + Long.BYTES + Integer.BYTES)
                .put((byte) id.purpose().ordinal())
                .putLong(id.step())
                .putInt(id.index())
                .array();
    }

    private static void require(MicrobatchId id, String what, byte[] symbol) {
        if (!Arrays.equals(symbol, symbol(id))) {
            throw new IllegalArgumentException(
                    "expected the " + what + " of microbatch " + id + ", got " + symbol.length + " bytes that are not");
        }
    }

    private Payload boundary(MicrobatchId id) {
        return new Payload(symbol(id), setup.boundary() * Float.BYTES);
    }

    Payload forward(Compute.Forward task) {
        inputs(task.id(), task.tokens(), task.input());
        return boundary(task.id());
    }

    Compute.LossResult loss(Compute.Loss task) {
        inputs(task.id(), task.tokens(), task.input());
        if (task.id().purpose() == Purpose.EVALUATE) {
            return new Compute.LossResult(0, Payload.EMPTY);
        }
        count(task.id(), task.count());
        return new Compute.LossResult(0, gradientInput(task.id()));
    }

    Payload backward(Compute.Backward task) {
        inputs(task.id(), task.tokens(), task.input());
        require(task.id(), "gradient", task.gradient().bytes());
        count(task.id(), task.count());
        return gradientInput(task.id());
    }

    private Payload gradientInput(MicrobatchId id) {
        return stage == 0 ? Payload.EMPTY : boundary(id);
    }

    private void inputs(MicrobatchId id, byte[] tokens, Payload input) {
        require(id, "tokens", tokens);
        if (stage > 0) {
            require(id, "activations", input.bytes());
        }
    }

    private void count(MicrobatchId id, boolean counts) {
        if (counts) {
            counted(id.step()).count(id);
        }
    }

    private CountedSet counted(long step) {
        return counted.computeIfAbsent(step, absent -> new CountedSet());
    }

    void discard(long step) {
        counted.remove(step);
    }

    // ---- averaging ---------------------------------------------------------------------------------------------

    long gradientLength() {
        return length;
    }

    Payload contribution(Compute.Contribution task) {
        return new Payload(counted(task.step()).encode(), task.length() * Float.BYTES);
    }

    Payload reduce(Compute.Reduce task) {
        CountedSet sum = new CountedSet();
        sum.addAll(counted(task.step()));
        for (Payload contribution : task.contributions()) {
            requireLength(task.length(), contribution);
            sum.addAll(CountedSet.decode(contribution.bytes()));
        }
        byte[] content = sum.encode();
        average.put(task.offset(), task.length(), content);
        return new Payload(content, task.length() * Float.BYTES);
    }

    void accept(Compute.Accept task) {
        requireLength(task.length(), task.average());
        average.put(task.offset(), task.length(), task.average().bytes());
    }

    private static void requireLength(long numbers, Payload payload) {
        if (payload.uncompressedBytes() != numbers * Float.BYTES) {
            throw new IllegalArgumentException("expected " + numbers + " numbers, got " + payload);
        }
    }

    Compute.SealResult seal() {
        return new Compute.SealResult(averageDigest().hex(), 1);
    }

    private Digest averageDigest() {
        var sha256 = Digest.sha256();
        sha256.update((byte) stage);
        average.digest(sha256);
        return Digest.of(sha256);
    }

    String apply(Compute.Apply task) {
        before = state.state();
        applied = task.step();
        update(task.step(), task.gradientNorm());
        counted.headMap(task.step(), true).clear();
        return state.state();
    }

    String redo(Compute.Redo task) {
        if (task.step() != applied) {
            throw new IllegalStateException(
                    "expected to do step " + applied + " again, the last one applied, got " + task.step());
        }
        update(task.step(), task.gradientNorm());
        return state.state();
    }

    private void update(long step, double gradientNorm) {
        state.set(StateSymbol.applied(stage, step + 1, before, averageDigest().bytes(), gradientNorm));
    }

    String digest() {
        return state.state();
    }

    // ---- snapshots ---------------------------------------------------------------------------------------------

    Manifest pin(int bytes) {
        pinned = state.state();
        chunkBytes = bytes;
        return SymbolicChunks.manifest(pinned, setup.stateBytes(stage), bytes);
    }

    long stateBytes() {
        return setup.stateBytes(stage);
    }

    void unpin() {
        pinned = "";
    }

    Payload readChunk(int index) {
        if (pinned.isEmpty()) {
            throw new IllegalStateException("nothing is pinned");
        }
        return SymbolicChunks.chunk(pinned, setup.stateBytes(stage), chunkBytes, index);
    }

    /** All of it: symbols have no layers. */
    Compute.SnapshotPart neighbourPart(int of) {
        return new Compute.SnapshotPart(setup.stateBytes(of), 0, setup.stateBytes(of));
    }

    void writeNeighbour(Compute.WriteNeighbour task) {
        neighbours
                .computeIfAbsent(task.stage(), of -> new StateSymbol(StateSymbol.empty(of)))
                .write(task.index(), task.chunks(), new String(task.chunk().bytes(), StandardCharsets.US_ASCII));
    }

    void rebuild(Compute.Rebuild task) {
        StateSymbol below = neighbours.get(stage - 1);
        StateSymbol above = neighbours.get(stage + 1);
        if (below == null || above == null || !below.isWhole() || !above.isWhole()) {
            throw new IllegalStateException(
                    "expected both neighbours of stage " + stage + ", got " + neighbours.keySet());
        }
        state.set(StateSymbol.rebuilt(
                stage, task.version(), below.state(), task.belowNorm(), above.state(), task.aboveNorm()));
        neighbours.clear();
        applied = -1;
    }

    void writeChunk(Compute.WriteChunk task) {
        state.write(task.index(), task.chunks(), new String(task.chunk().bytes(), StandardCharsets.US_ASCII));
    }
}
