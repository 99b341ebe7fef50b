package io.murmuration.cluster.compute;

import io.murmuration.tensors.checkpoint.StartingState;
import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.data.Batches;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.optim.InnerOptimiser;
import io.murmuration.tensors.optim.Schedule;
import java.util.Optional;

/**
 * What all replicas of a run compute with.
 *
 * @param microbatch sequences in a microbatch
 * @param schedule learning rate by the number of the step, from 1
 * @param maxNorm largest norm of the gradient over all stages
 * @param rebuilds whether a lost stage may be rebuilt from its neighbours, so that states have a {@link RebuiltMark}
 * @param start the checkpoint or the imported model the run starts from; otherwise from the seed
 */
public record TrainingSetup(
        Backend backend,
        ModelSpec model,
        StagePlan stages,
        Batches batches,
        int microbatch,
        long seed,
        Codec activationCodec,
        Codec averagingCodec,
        InnerOptimiser.Settings optimiser,
        Schedule schedule,
        double maxNorm,
        boolean rebuilds,
        Optional<StartingState> start) {}
