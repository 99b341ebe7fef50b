package io.murmuration.cluster.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.tensors.checkpoint.CheckpointException;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.data.Batches;
import io.murmuration.tensors.data.Corpora;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.optim.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots as numbers: from replica to replica, into checkpoints and out of them. */
final class SnapshotComputeTest {

    private static final RunSettings SETTINGS = SettingsLoader.defaultsWith("model.preset=nano");
    private static final int CHUNK = 10_000;

    @TempDir
    private Path folder;

    private static TrainingSetup setup(int stages, long seed) {
        return new TrainingSetup(
                Backends.byName("java"),
                SETTINGS.model(),
                StagePlan.of(SETTINGS.model().layers(), stages),
                new Batches(Corpora.europarl(), 1, SETTINGS.model().sequence(), 4, 2),
                2,
                seed,
                Codecs.byName("fp32"),
                Codecs.byName("fp32"),
                SETTINGS.optimiser().inner(),
                new Schedule.Constant(new Schedule.Warmup(1e-3, 0, 0)),
                1,
                false,
                Optional.empty());
    }

    private CheckpointAssembly assembly(int stages) {
        return new CheckpointAssembly(
                setup(stages, 1), new CheckpointStore(folder, 5), Map.of(), (version, path) -> {});
    }

    @Test
    void a_replica_that_takes_every_chunk_of_another_has_its_digest() {
        try (StageReplica donor = new StageReplica(setup(2, 1), new Compute.Open(1, 0, true));
                StageReplica joiner = new StageReplica(setup(2, 2), new Compute.Open(1, 0, false))) {
            Manifest manifest = donor.pin(CHUNK);
            assertThat(manifest.bytes()).isEqualTo(joiner.stateBytes());
            assertThat(manifest.chunks()).isGreaterThan(3);
            assertThat(joiner.digest()).isNotEqualTo(donor.digest());
            for (int index = manifest.chunks() - 1; index >= 0; index--) {
                Payload chunk = donor.readChunk(index);
                assertThat(chunk.size()).isEqualTo(manifest.size(index));
                assertThat(Snapshots.digest(chunk)).isEqualTo(manifest.digests().get(index));
                joiner.writeChunk(new Compute.WriteChunk(index, manifest.chunks(), chunk));
            }
            assertThat(joiner.digest()).isEqualTo(donor.digest());
            donor.unpin();
            assertThatThrownBy(() -> donor.readChunk(0)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** Keeps the initial state of a run of two stages as version 3. */
    private void keep(CheckpointAssembly keeper) {
        for (int stage = 0; stage < 2; stage++) {
            try (StageReplica replica = new StageReplica(setup(2, 1), new Compute.Open(stage, 0, true))) {
                int chunks = replica.pin(CHUNK).chunks();
                for (int index = 0; index < chunks; index++) {
                    keeper.chunk(new Compute.KeepChunk(stage, 3, index, chunks, replica.readChunk(index)));
                }
            }
        }
        keeper.write(new Compute.KeepCheckpoint(3, 2));
    }

    @Test
    void what_was_kept_with_two_stages_is_served_to_a_run_of_three() {
        try (CheckpointAssembly keeper = assembly(2)) {
            keep(keeper);
        }
        try (CheckpointAssembly keeper = assembly(3)) {
            assertThat(keeper.versions()).containsExactly(3L);
            for (int stage = 0; stage < 3; stage++) {
                Manifest manifest = keeper.open(new Compute.OpenStored(stage, 3, CHUNK));
                try (StageReplica joiner = new StageReplica(setup(3, 2), new Compute.Open(stage, 3, false));
                        StageReplica original = new StageReplica(setup(3, 1), new Compute.Open(stage, 3, true))) {
                    for (int index = 0; index < manifest.chunks(); index++) {
                        joiner.writeChunk(new Compute.WriteChunk(
                                index, manifest.chunks(), keeper.read(new Compute.ReadStored(stage, index))));
                    }
                    assertThat(joiner.digest()).isEqualTo(original.digest());
                }
            }
            keeper.close(1);
            assertThatThrownBy(() -> keeper.read(new Compute.ReadStored(1, 0)))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> keeper.open(new Compute.OpenStored(0, 4, CHUNK)))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("version 4");
            assertThatThrownBy(() -> keeper.open(new Compute.OpenStored(3, 3, CHUNK)))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("3 stages");
        }
    }

    @Test
    void a_flipped_bit_in_any_file_of_a_stored_checkpoint_is_found_before_anything_is_served() throws IOException {
        try (CheckpointAssembly keeper = assembly(2)) {
            keep(keeper);
            Path stored = new CheckpointStore(folder, 5).latest().orElseThrow();
            try (Stream<Path> files = Files.list(stored)) {
                for (Path file : files.toList()) {
                    byte[] right = Files.readAllBytes(file);
                    byte[] wrong = right.clone();
                    wrong[right.length / 2] ^= 1;
                    Files.write(file, wrong);
                    assertThatThrownBy(() -> keeper.open(new Compute.OpenStored(0, 3, CHUNK)))
                            .as("%s", file)
                            .isInstanceOf(CheckpointException.class);
                    assertThatThrownBy(() -> keeper.read(new Compute.ReadStored(0, 0)))
                            .isInstanceOf(IllegalStateException.class);
                    Files.write(file, right);
                }
            }
            assertThat(keeper.open(new Compute.OpenStored(0, 3, CHUNK)).chunks())
                    .isPositive();
        }
    }
}
