package io.murmuration.faults.simulation.compute;

import io.murmuration.cluster.compute.TrainingSetup;
import java.nio.file.Path;
import java.util.Map;

/** Where the numbers of a simulation come from: computed, or only modelled. */
public sealed interface Numbers extends AutoCloseable permits RealNumbers, ModelledNumbers {

    /** Sizes and costs, the same whether numbers are real or not. */
    ModelledSetup setup();

    FrameSizes frameSizes();

    /** The checkpoints of a node, which its lives share. */
    NodeStorage storage(String node);

    /** Begins a life of a node. */
    Work work(String node);

    @Override
    void close();

    /**
     * Numbers computed by threads of this process. What they are, and when they are there in virtual time, does not depend
     * on how many threads there are.
     *
     * @param threads that compute, shared by all nodes
     * @param folder gets a folder per node for its checkpoints
     * @param keep checkpoints that a node keeps
     * @param origin what a checkpoint says about the run, such as its tokeniser and its optimiser
     */
    static Numbers real(TrainingSetup setup, int threads, Path folder, int keep, Map<String, String> origin) {
        return new RealNumbers(setup, threads, folder, keep, origin);
    }

    /**
     * No numbers: what each tensor would mean is carried along in a few bytes, so that counting, averaging and agreeing can
     * be checked. Losses are 0 and squared norms 1, because nothing is known of them.
     *
     * @param keep checkpoints that a node keeps
     */
    static Numbers modelled(ModelledSetup setup, int keep) {
        return new ModelledNumbers(setup, keep);
    }
}
