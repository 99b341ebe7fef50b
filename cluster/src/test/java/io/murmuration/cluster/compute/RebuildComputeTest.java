package io.murmuration.cluster.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.checkpoint.StartingState;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.data.Batches;
import io.murmuration.tensors.data.Corpora;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.optim.Schedule;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A lost stage as numbers: from the snapshots of its neighbours, on to other replicas and through checkpoints. */
final class RebuildComputeTest {

    private static final RunSettings SETTINGS = SettingsLoader.defaultsWith("model.preset=nano");
    private static final int STAGES = 3;
    private static final int CHUNK = 10_000;
    private static final long VERSION = 5;

    @TempDir
    private Path folder;

    private static TrainingSetup setup(boolean rebuilds, Optional<StartingState> start) {
        return new TrainingSetup(
                Backends.byName("java"),
                SETTINGS.model(),
                StagePlan.of(SETTINGS.model().layers(), STAGES),
                new Batches(Corpora.europarl(), 1, SETTINGS.model().sequence(), 4, 2),
                2,
                1,
                Codecs.byName("fp32"),
                Codecs.byName("fp32"),
                SETTINGS.optimiser().inner(),
                new Schedule.Constant(new Schedule.Warmup(1e-3, 0, 0)),
                1,
                rebuilds,
                start);
    }

    private static StageReplica replica(int stage, boolean initial) {
        return new StageReplica(setup(true, Optional.empty()), new Compute.Open(stage, VERSION, initial));
    }

    /** Only the chunks of the layers, as a shard asks for them. */
    private static void take(StageReplica builder, StageReplica neighbour, int stage) {
        Compute.SnapshotPart part = builder.neighbourPart(stage);
        Manifest manifest = neighbour.pin(CHUNK);
        assertThat(manifest.bytes()).isEqualTo(part.bytes());
        for (int index = (int) (part.from() / CHUNK); (long) index * CHUNK < part.to(); index++) {
            builder.writeNeighbour(
                    new Compute.WriteNeighbour(stage, index, manifest.chunks(), neighbour.readChunk(index)));
        }
    }

    private static StageReplica rebuilt(double belowNorm, double aboveNorm) {
        StageReplica builder = replica(1, false);
        try (StageReplica below = replica(0, true);
                StageReplica above = replica(2, true)) {
            take(builder, below, 0);
            take(builder, above, 2);
            builder.rebuild(new Compute.Rebuild(VERSION, belowNorm, aboveNorm));
        }
        return builder;
    }

    private static void train(StageReplica replica, long step) {
        replica.accept(new Compute.Accept(
                0,
                replica.gradientLength(),
                replica.contribution(new Compute.Contribution(step, 0, replica.gradientLength()))));
        replica.apply(new Compute.Apply(step, 1));
    }

    @Test
    void whoever_builds_it_has_the_same_bits_and_the_weights_matter() {
        try (StageReplica one = rebuilt(1, 2);
                StageReplica other = rebuilt(1, 2);
                StageReplica differently = rebuilt(2, 1)) {
            assertThat(one.digest()).isEqualTo(other.digest()).isNotEqualTo(differently.digest());
        }
    }

    @Test
    void all_of_the_weight_on_one_neighbour_makes_a_copy_of_its_layers() {
        try (StageReplica copy = rebuilt(0, 1);
                StageReplica above = replica(2, true)) {
            byte[] own = copy.pin(CHUNK).chunks() > 0 ? copy.readChunk(0).bytes() : new byte[0];
            above.pin(CHUNK);
            assertThat(own).isEqualTo(above.readChunk(0).bytes());
        }
    }

    @Test
    void a_joiner_that_takes_its_snapshot_goes_on_as_it_does() {
        try (StageReplica builder = rebuilt(1, 2);
                StageReplica joiner = replica(1, false)) {
            Manifest manifest = builder.pin(CHUNK);
            for (int index = 0; index < manifest.chunks(); index++) {
                joiner.writeChunk(new Compute.WriteChunk(index, manifest.chunks(), builder.readChunk(index)));
            }
            assertThat(joiner.digest()).isEqualTo(builder.digest());
            train(builder, VERSION);
            train(joiner, VERSION);
            assertThat(joiner.digest()).isEqualTo(builder.digest());
        }
    }

    @Test
    void a_checkpoint_keeps_since_when_a_stage_learns_faster_with_an_optimiser_of_its_own() {
        Path written;
        TrainingSetup setup = setup(true, Optional.empty());
        try (CheckpointAssembly keeper =
                        new CheckpointAssembly(setup, new CheckpointStore(folder, 5), Map.of(), (version, path) -> {});
                StageReplica builder = rebuilt(1, 2)) {
            for (int stage = 0; stage < STAGES; stage++) {
                try (StageReplica other = replica(stage, true)) {
                    StageReplica kept = stage == 1 ? builder : other;
                    int chunks = kept.pin(CHUNK).chunks();
                    for (int index = 0; index < chunks; index++) {
                        keeper.chunk(new Compute.KeepChunk(stage, VERSION, index, chunks, kept.readChunk(index)));
                    }
                }
            }
            keeper.write(new Compute.KeepCheckpoint(VERSION, STAGES));
            Manifest served = keeper.open(new Compute.OpenStored(1, VERSION, CHUNK));
            assertThat(served).isEqualTo(builder.pin(CHUNK));
            written = new CheckpointStore(folder, 5).latest().orElseThrow();
            try (StageReplica resumed = new StageReplica(
                    setup(true, Optional.of(CheckpointReader.open(written))), new Compute.Open(1, VERSION, true))) {
                assertThat(resumed.digest()).isEqualTo(builder.digest());
            }
        }
    }

    @Test
    void without_both_neighbours_or_in_a_run_that_goes_back_nothing_is_built() {
        try (StageReplica builder = replica(1, false);
                StageReplica below = replica(0, true);
                StageReplica other =
                        new StageReplica(setup(false, Optional.empty()), new Compute.Open(1, VERSION, false))) {
            take(builder, below, 0);
            assertThatThrownBy(() -> builder.rebuild(new Compute.Rebuild(VERSION, 1, 1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("both neighbours");
            assertThatThrownBy(() -> builder.neighbourPart(3)).hasMessageContaining("next to stage 1");
            assertThatThrownBy(() -> other.rebuild(new Compute.Rebuild(VERSION, 1, 1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("checkpoint");
        }
    }
}
