package io.murmuration.cluster.node;

import io.murmuration.actors.run.RunPlan;
import io.murmuration.cluster.compute.TrainingSetup;
import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.LocalRuns;
import io.murmuration.cluster.run.RunInputs;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.data.Batches;
import io.murmuration.tensors.data.Corpus;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What all lives of a node share: everything that is read before the first one begins.
 *
 * @param shards how many this node runs
 * @param fingerprint of the run, in which all nodes agree
 * @param corpus what is read, in words
 * @param bytesPerToken of the validation text
 */
record NodeInputs(
        NodeSettings node,
        RunSettings run,
        TrainingSetup setup,
        RunPlan plan,
        NodeShards shards,
        String fingerprint,
        String corpus,
        double bytesPerToken) {

    /**
     * Reads the text, and the model the run starts from.
     *
     * @throws UserError if something is not there, or does not fit this machine
     */
    static NodeInputs read(LoadedNode loaded, Consumer<String> notices) {
        RunSettings run = loaded.run();
        NodeSettings node = loaded.node();
        NodeShards shards = NodeShards.of(node, run);
        RunInputs.requireExactBoundary(run);
        RunInputs.requireFixedSubspace(run);
        Corpus corpus = RunInputs.corpus(run, notices);
        Batches batches = LocalRuns.batches(run, corpus);
        TrainingSetup setup = LocalRuns.setup(
                run,
                Backends.byName(run.compute().backend().name().toLowerCase(Locale.ROOT)),
                batches,
                run.importFrom().map(folder -> RunInputs.imported(run, folder, notices)));
        int validation = LocalRuns.validationWindows(run, batches);
        RunPlan plan = LocalRuns.plan(run, validation / run.batch().microbatch(), 0, node.coordinators());
        return new NodeInputs(
                node,
                run,
                setup,
                plan,
                shards,
                RunFingerprint.of(run, batches),
                corpus.name() + ", " + batches.trainWindows() + " training windows",
                batches.bytesPerToken(validation));
    }

    /** What its checkpoints say of the run. */
    Map<String, String> origin() {
        return CheckpointOrigin.of(run, setup.batches());
    }

    Optional<String> keeperFolder() {
        return node.coordinates() ? Optional.of(run.name() + "-" + run.seed()) : Optional.empty();
    }
}
