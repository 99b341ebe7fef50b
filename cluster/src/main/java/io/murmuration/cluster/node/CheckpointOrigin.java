package io.murmuration.cluster.node;

import io.murmuration.cluster.compute.RunMarks;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.checkpoint.CheckpointException;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.data.Batches;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the checkpoints of a cluster say of their run, and whether those that a node has are of this one. Only what the weights
 * follow from counts: stages, replicas or steps may change, and the run goes on.
 */
final class CheckpointOrigin {

    private static final Logger LOG = LoggerFactory.getLogger(CheckpointOrigin.class);

    /** 64 bits tell texts apart by accident. */
    private static final int BYTES = 8;

    private CheckpointOrigin() {}

    static Map<String, String> of(RunSettings run, Batches batches) {
        Map<String, String> origin = new TreeMap<>();
        origin.put("name", run.name());
        origin.put(CheckpointMeta.TOKENISER, run.data().tokeniser().name());
        origin.put(CheckpointMeta.OPTIMISER, run.optimiser().inner().name());
        origin.put(RunMarks.PREFIX + "seed", Long.toString(run.seed()));
        origin.put(
                RunMarks.PREFIX + "model.import",
                Boolean.toString(run.importFrom().isPresent()));
        origin.put(RunMarks.PREFIX + "data.tokeniser", run.data().tokeniser().name());
        origin.put(RunMarks.PREFIX + "batch", run.batch().toString());
        origin.put(RunMarks.PREFIX + "optimiser", run.optimiser().toString());
        origin.put(RunMarks.PREFIX + "data", text(batches));
        return origin;
    }

    /** The text as far as the first step reads it, and how much there is. */
    private static String text(Batches batches) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (int index = 0; index < batches.microbatches(); index++) {
                int[] tokens = batches.microbatch(0, index);
                ByteBuffer bytes = ByteBuffer.allocate(tokens.length * Integer.BYTES);
                bytes.asIntBuffer().put(tokens);
                digest.update(bytes);
            }
            return batches.trainWindows() + " windows, digest " + HexFormat.of().formatHex(digest.digest(), 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /**
     * A node that keeps checkpoints looks at all it has before it takes part.
     *
     * @throws UserError naming a checkpoint of another run, and in what that differs
     */
    static void require(Path folder, RunSettings run, Map<String, String> origin) {
        for (Path stored : new CheckpointStore(folder, run.checkpoint().keep()).all()) {
            CheckpointMeta meta;
            try {
                meta = CheckpointReader.open(stored).meta();
            } catch (CheckpointException e) {
                LOG.warn("{} cannot be read, and will not be served: {}", stored, e.getMessage());
                continue;
            }
            List<String> different = new ArrayList<>(RunMarks.differences(meta.settings(), origin));
            if (!meta.model().equals(run.model())) {
                different.addFirst("model was " + meta.model() + " and is " + run.model());
            }
            if (!different.isEmpty()) {
                throw new UserError("the checkpoint " + stored + " is of another run with the same name and seed: "
                        + String.join("; ", different)
                        + "; put the settings back, give this run another name (name), or"
                        + " remove " + folder + " to begin anew");
            }
        }
    }
}
