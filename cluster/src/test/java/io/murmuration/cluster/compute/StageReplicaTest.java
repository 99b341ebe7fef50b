package io.murmuration.cluster.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.CodecException;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.codec.EncodedTensor;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.optim.InnerOptimiser;
import io.murmuration.tensors.optim.NAdam;
import io.murmuration.tensors.optim.Schedule;
import java.lang.foreign.Arena;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StageReplicaTest {

    private static final RunSettings SETTINGS = SettingsLoader.defaultsWith("model.preset=tiny");

    /** The middle between two stages; nothing is drawn from the text. */
    private static StageReplica replica(int stage) {
        return replica(stage, SETTINGS.optimiser().inner());
    }

    private static StageReplica replica(int stage, InnerOptimiser.Settings optimiser) {
        TrainingSetup setup = new TrainingSetup(
                Backends.byName("java"),
                SETTINGS.model(),
                StagePlan.of(SETTINGS.model().layers(), 2),
                null,
                1,
                SETTINGS.seed(),
                Codecs.byName("int8:64"),
                Codecs.byName("bf16"),
                optimiser,
                new Schedule.Constant(new Schedule.Warmup(1e-3, 0, 0)),
                1,
                false,
                Optional.empty());
        return new StageReplica(setup, new Compute.Open(stage, 0, true));
    }

    private static Payload zeros(String codec, int... shape) {
        Codec encoder = Codecs.byName(codec);
        try (Arena arena = Arena.ofConfined()) {
            long length = 1;
            for (int axis : shape) {
                length *= axis;
            }
            byte[] bytes = EncodedTensor.encode(encoder, shape, Floats.allocate(arena, length));
            return new Payload(bytes, length * Float.BYTES);
        }
    }

    @Test
    void an_average_comes_in_the_averaging_codec_and_in_no_other() {
        try (StageReplica replica = replica(0)) {
            replica.accept(new Compute.Accept(0, 64, zeros("bf16", 64)));
            // The header is right in itself, and of the codec that activations have.
            assertThatThrownBy(() -> replica.accept(new Compute.Accept(0, 64, zeros("int8:64", 64))))
                    .isInstanceOf(CodecException.class)
                    .hasMessage("expected the codec bf16, got int8:64");
        }
    }

    @Test
    void activations_come_in_the_codec_of_activations_and_in_no_other() {
        int sequence = SETTINGS.model().sequence();
        int dim = SETTINGS.model().dim();
        byte[] tokens =
                TokenBytes.encode(new int[sequence + 1], SETTINGS.model().vocabulary());
        MicrobatchId id = new MicrobatchId(Purpose.EVALUATE, 0, 0);
        try (StageReplica replica = replica(1)) {
            Payload right = zeros("int8:64", 1, sequence, dim);
            assertThat(replica.loss(new Compute.Loss(id, tokens, right, false)).loss())
                    .isPositive();
            Payload wrong = zeros("bf16", 1, sequence, dim);
            assertThatThrownBy(() -> replica.loss(new Compute.Loss(id, tokens, wrong, false)))
                    .isInstanceOf(CodecException.class)
                    .hasMessage("expected the codec int8:64, got bf16");
        }
    }

    @Test
    void an_update_done_again_gives_the_same_bits_and_only_the_last_one_can_be() {
        try (StageReplica replica = replica(0);
                StageReplica other = replica(0)) {
            String first = replica.apply(new Compute.Apply(4, 0.5));
            assertThat(other.apply(new Compute.Apply(4, 0.5))).isEqualTo(first);
            assertThat(replica.apply(new Compute.Apply(5, 0.5))).isNotEqualTo(first);
            assertThat(other.redo(new Compute.Redo(4, 0.5))).isEqualTo(first);
            assertThatThrownBy(() -> replica.redo(new Compute.Redo(4, 0.5)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("expected to do step 5 again, the last one applied, got 4");
        }
    }

    /** Whoever joins has only what a snapshot holds, and the number of the step. */
    @Test
    void momentum_by_stage_is_that_of_the_stage_in_every_replica_and_after_a_snapshot() {
        var byStage = new NAdam.Settings(0.99, 0.999, 1e-8, 0.1, 0.004, true, true);
        // A first gradient of ones, so that the momentum shows: 0.9 + 0.09 (2 - 1) / 2 in the first of two stages.
        var alone = new NAdam.Settings(0.945, 0.999, 1e-8, 0.1, 0.004, true);
        try (StageReplica one = replica(0, byStage);
                StageReplica two = replica(0, byStage);
                StageReplica plain = replica(0, alone);
                StageReplica usual = replica(0, new NAdam.Settings(0.99, 0.999, 1e-8, 0.1, 0.004, true));
                StageReplica joiner = replica(0, byStage)) {
            String first = stepWithOnes(one, 0);
            assertThat(stepWithOnes(two, 0)).isEqualTo(first);
            assertThat(stepWithOnes(plain, 0)).isEqualTo(first);
            assertThat(stepWithOnes(usual, 0)).isNotEqualTo(first);

            int chunks = one.pin(1 << 16).digests().size();
            for (int chunk = 0; chunk < chunks; chunk++) {
                joiner.writeChunk(new Compute.WriteChunk(chunk, chunks, one.readChunk(chunk)));
            }
            assertThat(joiner.digest()).isEqualTo(first);
            assertThat(stepWithOnes(joiner, 1)).isEqualTo(stepWithOnes(one, 1));
        }
    }

    private static String stepWithOnes(StageReplica replica, long step) {
        int length = (int) replica.gradientLength();
        byte[] bytes;
        try (Arena arena = Arena.ofConfined()) {
            Floats ones = Floats.allocate(arena, length);
            for (int i = 0; i < length; i++) {
                ones.set(i, 1);
            }
            bytes = EncodedTensor.encode(Codecs.byName("bf16"), new int[] {length}, ones);
        }
        replica.accept(new Compute.Accept(0, length, new Payload(bytes, (long) length * Float.BYTES)));
        return replica.apply(new Compute.Apply(step, 0.5));
    }
}
