package io.murmuration.cluster.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.StartingState;
import io.murmuration.tensors.codec.EncodedTensor;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.Stage;
import io.murmuration.tensors.model.SubspaceTransport;
import io.murmuration.tensors.model.Workspace;
import io.murmuration.tensors.optim.AdamW;
import io.murmuration.tensors.optim.GradientClip;
import io.murmuration.tensors.optim.InnerOptimiser;
import io.murmuration.tensors.optim.Norms;
import io.murmuration.tensors.reduce.Digest;
import io.murmuration.tensors.reduce.FixedOrderSum;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The numbers of one shard: parameters and optimiser state as they are and as they were before the last update, gradient
 * accumulators, average, and the scratch memory to work with. Used by one task at a time.
 */
final class StageReplica implements AutoCloseable {

    /** Of a step on the Grassmann manifold: half a step of subspace iteration, for one batch is a noisy guide. */
    private static final double REFRESH_RATE = 0.5;

    private final TrainingSetup setup;
    private final Arena arena = Arena.ofShared();
    private final Stage stage;
    private final Workspace workspace;
    private final InnerOptimiser optimiser;
    /** Of each step that anything was counted in and that is not applied yet. */
    private final TreeMap<Long, Floats> gradients = new TreeMap<>();
    /** Accumulators that are not in use, all zero: as many as steps were ever open at once. */
    private final ArrayDeque<Floats> spare = new ArrayDeque<>();

    private final Floats average;
    /** Where the subspace is to move, summed in the steps after which it does; empty if it never moves. */
    private final Floats moment;
    /** The step whose gradients are in {@link #moment}; -1: it is to be cleared before the next ones. */
    private long momentOf = -1;
    /** Parameters and optimiser state before the last update, so that it can be done again. */
    private final List<Floats> before = new ArrayList<>();

    private long applied = -1;
    private final Floats input;
    private final Floats output;
    private final Floats gradientOutput;
    private final Floats gradientInput;
    private Arena pinArena = Arena.ofShared();
    private Floats beside = Floats.empty();
    private final Optional<RebuiltMark> rebuilt;
    /** Set while this stage is built from them. */
    private Optional<Neighbours> neighbours = Optional.empty();

    private List<Floats> pinned = List.of();
    private int chunkBytes;

    StageReplica(TrainingSetup setup, Compute.Open open) {
        this.setup = setup;
        this.stage = new Stage(setup.backend(), setup.model(), setup.stages().slice(open.stage()));
        this.workspace = stage.newWorkspace(setup.microbatch());
        this.optimiser =
                setup.optimiser().atStage(open.stage(), setup.stages().stages()).over(arena, stage.layout());
        long length = stage.layout().length();
        spare.add(Floats.allocate(arena, length));
        this.average = Floats.allocate(arena, length);
        long dim = setup.model().dim();
        this.moment = Floats.allocate(arena, setup.model().subspaceRefresh() > 0 ? dim * dim : 0);
        this.rebuilt = setup.rebuilds() ? Optional.of(RebuiltMark.allocate(arena)) : Optional.empty();
        state().forEach(vector -> before.add(Floats.allocate(arena, vector.length())));
        long boundary = (long) setup.microbatch()
                * setup.model().sequence()
                * setup.model().boundaryWidth();
        boolean first = stage.slice().first();
        boolean last = stage.slice().last();
        this.input = Floats.allocate(arena, first ? 0 : boundary);
        this.gradientInput = Floats.allocate(arena, first ? 0 : boundary);
        this.output = Floats.allocate(arena, last ? 0 : boundary);
        this.gradientOutput = Floats.allocate(arena, last ? 0 : boundary);
        if (open.initial()) {
            setup.start().ifPresentOrElse(this::start, () -> stage.initialise(setup.seed()));
        }
    }

    private void start(StartingState state) {
        state.read(stage.layout(), stage.parameters(), optimiser.state());
        if (state instanceof CheckpointReader checkpoint) {
            rebuilt.ifPresent(mark -> mark.read(checkpoint.meta().settings(), stage.slice()));
        }
    }

    Payload forward(Compute.Forward task) {
        int[] tokens = tokens(task.tokens());
        int sequences = sequences(tokens);
        Floats out = boundary(output, sequences);
        stage.forward(workspace, sequences, tokens, decode(task.input(), input, sequences), out);
        return encodeBoundary(out, sequences);
    }

    Compute.LossResult loss(Compute.Loss task) {
        int[] tokens = tokens(task.tokens());
        int sequences = sequences(tokens);
        Floats in = decode(task.input(), input, sequences);
        if (task.id().purpose() == Purpose.EVALUATE) {
            return new Compute.LossResult(stage.loss(workspace, sequences, tokens, in), Payload.EMPTY);
        }
        Floats gradientIn = boundary(gradientInput, sequences);
        Floats moving = task.count() && movesAfter(task.id().step())
                ? momentOf(task.id().step())
                : Floats.empty();
        double loss = stage.lossAndBackward(
                workspace, stage.batch(sequences, tokens), in, gradientIn, sink(task.id(), task.count()), moving);
        return new Compute.LossResult(loss, encodeBoundary(gradientIn, sequences));
    }

    Payload backward(Compute.Backward task) {
        int[] tokens = tokens(task.tokens());
        int sequences = sequences(tokens);
        Floats gradientIn = boundary(gradientInput, sequences);
        stage.backward(
                workspace,
                sequences,
                tokens,
                decode(task.input(), input, sequences),
                decode(task.gradient(), gradientOutput, sequences),
                gradientIn,
                sink(task.id(), task.count()));
        return encodeBoundary(gradientIn, sequences);
    }

    private boolean movesAfter(long step) {
        int every = setup.model().subspaceRefresh();
        return every > 0 && (step + 1) % every == 0;
    }

    private Floats momentOf(long step) {
        if (momentOf != step) {
            moment.clear();
            momentOf = step;
        }
        return moment;
    }

    /** Where a gradient goes: into the accumulator, or beside it when somebody else counts it. */
    private Floats sink(MicrobatchId id, boolean count) {
        if (!count && beside.length() == 0) {
            beside = Floats.allocate(arena, average.length());
        }
        return count ? gradient(id.step()) : beside;
    }

    private Floats gradient(long step) {
        return gradients.computeIfAbsent(
                step, absent -> spare.isEmpty() ? Floats.allocate(arena, average.length()) : spare.pop());
    }

    void discard(long step) {
        Floats gradient = gradients.remove(step);
        if (gradient != null) {
            gradient.clear();
            spare.push(gradient);
        }
        momentOf = -1;
    }

    long gradientLength() {
        return average.length();
    }

    Payload contribution(Compute.Contribution task) {
        return encodeAveraged(gradient(task.step()).slice(task.offset(), task.length()));
    }

    Payload reduce(Compute.Reduce task) {
        Floats own = gradient(task.step()).slice(task.offset(), task.length());
        Floats target = average.slice(task.offset(), task.length());
        try (Arena scratch = Arena.ofConfined()) {
            List<Floats> contributions = new ArrayList<>();
            for (Payload payload : task.contributions()) {
                Floats decoded = Floats.allocate(scratch, task.length());
                decodeAveraged(payload, decoded);
                contributions.add(decoded);
            }
            contributions.add(task.own(), own);
            FixedOrderSum.sum(contributions, 1f / task.divisor(), target);
        }
        Payload encoded = encodeAveraged(target);
        // The owner, too, goes on with what the others will decode.
        decodeAveraged(encoded, target);
        return encoded;
    }

    void accept(Compute.Accept task) {
        decodeAveraged(task.average(), average.slice(task.offset(), task.length()));
    }

    Compute.SealResult seal() {
        return new Compute.SealResult(Digest.of(average).hex(), Norms.squaredNorm(average));
    }

    String apply(Compute.Apply task) {
        copy(state(), before);
        update(task.step(), task.gradientNorm());
        applied = task.step();
        List.copyOf(gradients.headMap(task.step(), true).keySet()).forEach(this::discard);
        // What is in it stays until the next gradients, for doing this update again.
        momentOf = -1;
        return digest();
    }

    /**
     * The update of the last step once more, from what was before it.
     *
     * @throws IllegalStateException if another step was applied last
     */
    String redo(Compute.Redo task) {
        if (task.step() != applied) {
            throw new IllegalStateException(
                    "expected to do step " + applied + " again, the last one applied, got " + task.step());
        }
        copy(before, state());
        update(task.step(), task.gradientNorm());
        return digest();
    }

    private void update(long step, double gradientNorm) {
        long number = step + 1;
        float scale = GradientClip.coefficient(gradientNorm, setup.maxNorm());
        double rate = setup.schedule().learningRate(number);
        long since = rebuilt.map(RebuiltMark::version).orElse(0L);
        optimiser.step(
                stage.parameters(), average, scale, since > 0 ? RebuiltMark.FASTER * rate : rate, number - since);
        if (movesAfter(step)) {
            SubspaceTransport transport = stage.moveSubspace(moment, REFRESH_RATE);
            optimiser.state().forEach((name, vector) -> {
                if (name.equals(AdamW.EXP_AVG_SQ)) {
                    transport.squares(vector);
                } else {
                    transport.linear(vector);
                }
            });
        }
    }

    private static void copy(List<Floats> from, List<Floats> to) {
        for (int i = 0; i < from.size(); i++) {
            to.get(i).copyFrom(from.get(i));
        }
    }

    String digest() {
        return Digest.of(state().toArray(Floats[]::new)).hex();
    }

    /** Parameters, then the optimiser's vectors: what a snapshot and a digest cover. */
    private List<Floats> state() {
        List<Floats> state = new ArrayList<>();
        state.add(stage.parameters());
        state.addAll(optimiser.state().values());
        rebuilt.ifPresent(mark -> state.add(mark.numbers()));
        return state;
    }

    // ---- a stage that nobody has, from its neighbours ----------------------------------------------------------

    Compute.SnapshotPart neighbourPart(int of) {
        return neighbours().part(of);
    }

    void writeNeighbour(Compute.WriteNeighbour task) {
        neighbours().write(task);
    }

    private Neighbours neighbours() {
        if (neighbours.isEmpty()) {
            neighbours = Optional.of(new Neighbours(setup, stage.slice().stage()));
        }
        return neighbours.get();
    }

    /** @throws IllegalStateException if the run rebuilds no stages, or not everything was written */
    void rebuild(Compute.Rebuild task) {
        RebuiltMark mark = rebuilt.orElseThrow(
                () -> new IllegalStateException("this run goes back to a checkpoint where a stage is lost"));
        neighbours().mean(task, stage.parameters());
        optimiser.state().values().forEach(Floats::clear);
        mark.set(task.version());
        applied = -1;
        neighbours.orElseThrow().close();
        neighbours = Optional.empty();
    }

    // ---- snapshots: the vectors of state() one after the other, cut in chunks ----------------------------------

    Manifest pin(int bytes) {
        unpin();
        pinArena = Arena.ofShared();
        List<Floats> copy = new ArrayList<>();
        for (Floats vector : state()) {
            Floats pinnedVector = Floats.allocate(pinArena, vector.length());
            pinnedVector.copyFrom(vector);
            copy.add(pinnedVector);
        }
        pinned = copy;
        chunkBytes = bytes;
        return Snapshots.manifest(copy, bytes);
    }

    void unpin() {
        pinned = List.of();
        pinArena.close();
        pinArena = Arena.ofShared();
    }

    Payload readChunk(int index) {
        return Snapshots.chunk(pinned, index, chunkBytes);
    }

    long stateBytes() {
        return Snapshots.bytes(state());
    }

    void writeChunk(Compute.WriteChunk task) {
        // The stage comes from one who has it after all.
        neighbours.ifPresent(Neighbours::close);
        neighbours = Optional.empty();
        Snapshots.write(state(), task.index(), task.chunks(), task.chunk().bytes());
    }

    // ---- bytes and numbers -------------------------------------------------------------------------------------

    private int[] tokens(byte[] bytes) {
        return TokenBytes.decode(bytes, setup.model().vocabulary());
    }

    private int sequences(int[] tokens) {
        int width = setup.model().sequence() + 1;
        int sequences = tokens.length / width;
        if (tokens.length != sequences * width || sequences < 1 || sequences > setup.microbatch()) {
            throw new IllegalArgumentException("expected 1 to " + setup.microbatch() + " sequences of " + width
                    + " tokens, got " + tokens.length + " tokens");
        }
        return sequences;
    }

    private Floats boundary(Floats memory, int sequences) {
        return memory.length() == 0 ? memory : memory.slice(0, boundaryLength(sequences));
    }

    private long boundaryLength(int sequences) {
        return (long) sequences * setup.model().sequence() * setup.model().boundaryWidth();
    }

    private int[] boundaryShape(int sequences) {
        return new int[] {sequences, setup.model().sequence(), setup.model().boundaryWidth()};
    }

    private Payload encodeBoundary(Floats numbers, int sequences) {
        return numbers.length() == 0
                ? Payload.EMPTY
                : payload(EncodedTensor.encode(setup.activationCodec(), boundaryShape(sequences), numbers), numbers);
    }

    private Floats decode(Payload payload, Floats memory, int sequences) {
        Floats target = boundary(memory, sequences);
        if (target.length() > 0) {
            EncodedTensor.decode(
                    ByteBuffer.wrap(payload.bytes()), setup.activationCodec(), boundaryShape(sequences), target);
        }
        return target;
    }

    private Payload encodeAveraged(Floats numbers) {
        int[] shape = {Math.toIntExact(numbers.length())};
        return payload(EncodedTensor.encode(setup.averagingCodec(), shape, numbers), numbers);
    }

    private void decodeAveraged(Payload payload, Floats target) {
        int[] shape = {Math.toIntExact(target.length())};
        EncodedTensor.decode(ByteBuffer.wrap(payload.bytes()), setup.averagingCodec(), shape, target);
    }

    private static Payload payload(byte[] bytes, Floats numbers) {
        return new Payload(bytes, numbers.length() * Float.BYTES);
    }

    @Override
    public void close() {
        neighbours.ifPresent(Neighbours::close);
        stage.close();
        workspace.close();
        pinArena.close();
        arena.close();
    }
}
