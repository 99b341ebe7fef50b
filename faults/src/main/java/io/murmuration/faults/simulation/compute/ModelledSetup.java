package io.murmuration.faults.simulation.compute;

import io.murmuration.cluster.compute.TokenBytes;
import io.murmuration.cluster.compute.TrainingSetup;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.EncodedTensor;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import java.util.List;

/**
 * What follows from a run's settings about the size and the cost of its work.
 *
 * @param microbatch sequences in a microbatch
 * @param seed of the run; its initial state is named by it
 * @param optimiserVectors vectors of optimiser state, each as long as the parameters
 * @param parameters numbers of each stage
 */
public record ModelledSetup(
        ModelSpec model,
        StagePlan stages,
        int microbatch,
        long seed,
        Codec activationCodec,
        Codec averagingCodec,
        int optimiserVectors,
        List<Long> parameters) {

    public ModelledSetup {
        parameters = List.copyOf(parameters);
    }

    public static ModelledSetup of(TrainingSetup setup) {
        return of(
                setup.model(),
                setup.stages(),
                setup.microbatch(),
                setup.seed(),
                setup.activationCodec(),
                setup.averagingCodec(),
                setup.optimiser().vectors().size());
    }

    public static ModelledSetup of(RunSettings settings) {
        return of(
                settings.model(),
                StagePlan.of(settings.model().layers(), settings.swarm().stages()),
                settings.batch().microbatch(),
                settings.seed(),
                settings.wire().activations(),
                settings.wire().averaging(),
                settings.optimiser().inner().vectors().size());
    }

    private static ModelledSetup of(
            ModelSpec model,
            StagePlan stages,
            int microbatch,
            long seed,
            Codec activationCodec,
            Codec averagingCodec,
            int optimiserVectors) {
        List<Long> parameters = stages.slices().stream()
                .map(slice -> ParameterLayout.of(model, slice).length())
                .toList();
        return new ModelledSetup(
                model, stages, microbatch, seed, activationCodec, averagingCodec, optimiserVectors, parameters);
    }

    /** Bytes of a stage's parameters, and of any vector like them. */
    long vectorBytes(int stage) {
        return parameters.get(stage) * Float.BYTES;
    }

    /** Bytes of a stage's parameters and optimiser state. */
    long stateBytes(int stage) {
        return vectorBytes(stage) * (1 + optimiserVectors);
    }

    /** Tokens that a stage's layers see of a microbatch. */
    long tokens() {
        return (long) microbatch * model.sequence();
    }

    /** Numbers that cross between two stages. */
    long boundary() {
        return tokens() * model.boundaryWidth();
    }

    /** Bytes of a microbatch's token ids: one more each sequence than it learns from. */
    long tokenBytes() {
        return (long) microbatch * (model.sequence() + 1) * TokenBytes.width(model.vocabulary());
    }

    /** Bytes of what crosses between two stages, as encoded. */
    long activationBytes() {
        return EncodedTensor.size(activationCodec, new int[] {microbatch, model.sequence(), model.boundaryWidth()});
    }

    /** Bytes of a range of a gradient or an average, as encoded. */
    long averagingBytes(long numbers) {
        return EncodedTensor.size(averagingCodec, new int[] {Math.toIntExact(numbers)});
    }
}
