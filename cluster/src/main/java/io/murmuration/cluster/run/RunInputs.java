package io.murmuration.cluster.run;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.checkpoint.CheckpointException;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.checkpoint.HuggingFaceModel;
import io.murmuration.tensors.checkpoint.StartingState;
import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.data.Corpora;
import io.murmuration.tensors.data.Corpus;
import io.murmuration.tensors.data.CorpusSettings;
import io.murmuration.tensors.data.DataException;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.SubspaceCheck;
import io.murmuration.tensors.optim.InnerOptimiser;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;

/** What a run reads before it starts: its text, and the weights it does not start from its seed with. */
public final class RunInputs {

    private RunInputs() {}

    /** @throws UserError if it cannot be read */
    public static Corpus corpus(RunSettings settings, Consumer<String> notices) {
        RunSettings.Data data = settings.data();
        try {
            return Corpora.open(
                    new CorpusSettings(
                            data.path(),
                            data.validation(),
                            data.tokeniser(),
                            settings.model().vocabulary(),
                            data.textKey(),
                            data.tokenBytes(),
                            data.cache()),
                    notices);
        } catch (DataException e) {
            throw new UserError(e.getMessage(), e);
        }
    }

    /**
     * A Hugging Face model to start from.
     *
     * @throws UserError if it is none, or not the one the settings describe
     */
    public static StartingState imported(RunSettings settings, Path folder, Consumer<String> notices) {
        try {
            HuggingFaceModel model = HuggingFaceModel.open(folder);
            ModelSpec wanted = settings.model();
            ModelSpec there = model.spec();
            if (wanted.branchGain() && !there.branchGain()) {
                model = model.withBranchGain();
            }
            if (wanted.subspace() > 0 && there.subspace() == 0) {
                model = model.within(wanted.subspace());
                requireInside(settings, folder, model);
            }
            there = model.spec();
            if (!there.withSequence(wanted.sequence())
                    .withTiedHead(wanted.tiedHead())
                    .equals(wanted)) {
                throw new UserError(
                        folder + " (model.import) holds another model: " + there + ", the settings say " + wanted);
            }
            if (wanted.sequence() > there.sequence()) {
                throw new UserError("model.sequence is " + wanted.sequence() + ", but " + folder
                        + " (model.import) was made for at most " + there.sequence() + " tokens");
            }
            if (wanted.tiedHead() && !there.tiedHead()) {
                throw new UserError("model.tied-head is true, but " + folder + " (model.import) has a head of its own");
            }
            if (there.tiedHead() && !wanted.tiedHead()) {
                notices.accept(
                        folder + ": the head is tied to the embedding; it becomes a copy that is trained on its own");
            }
            return model;
        } catch (CheckpointException e) {
            throw new UserError(e.getMessage(), e);
        }
    }

    /** @throws UserError if a matrix of an imported Llama would not be read as it is */
    private static void requireInside(RunSettings settings, Path folder, HuggingFaceModel model) {
        HuggingFaceModel.Outside furthest = model.outside(backend(settings));
        if (!(furthest.error() <= SubspaceBoundary.EXACT_WITHIN)) {
            throw new UserError(String.format(
                    Locale.ROOT,
                    "model.subspace is %d, but of %s in %s (model.import) a part of %.2g (relative L2, at most %.0e) is outside"
                            + " this subspace: what it adds would not arrive at the next stage; expected a model that was"
                            + " trained with this model.subspace and exported in fp32, with no gain behind its projections",
                    settings.model().subspace(),
                    furthest.tensor(),
                    folder,
                    furthest.error(),
                    SubspaceBoundary.EXACT_WITHIN));
        }
    }

    /**
     * Measures, for a model within a subspace, whether what crosses between stages arrives.
     *
     * @throws UserError if it does not
     */
    public static void requireExactBoundary(RunSettings settings) {
        ModelSpec model = settings.model();
        if (model.subspace() == 0) {
            return;
        }
        double error = SubspaceCheck.error(backend(settings), model);
        if (!(error <= SubspaceBoundary.EXACT_WITHIN)) {
            throw new UserError(String.format(
                    Locale.ROOT,
                    "model.subspace is %d: of what crosses between stages a part of %.2g (relative L2, at most %.0e) would not"
                            + " arrive%s",
                    model.subspace(),
                    error,
                    SubspaceBoundary.EXACT_WITHIN,
                    model.branchGain()
                            ? ", because with model.branch-gain = true a gain behind each projection takes what it adds out of"
                                    + " the subspace; set model.branch-gain = false, or model.subspace = 0"
                            : ": this model's arithmetic is not exact enough"));
        }
    }

    /**
     * Refuses what can only be right where one shard does everything from the start: a node may be joined by others, which follow by
     * averages alone.
     *
     * @throws UserError if the subspace of the model moves
     */
    public static void requireFixedSubspace(RunSettings settings) {
        if (settings.model().subspaceRefresh() > 0) {
            throw new UserError("model.subspace-refresh is "
                    + settings.model().subspaceRefresh()
                    + ": a subspace moves only in a run of one shard in one process (train); nodes need 0");
        }
    }

    private static Backend backend(RunSettings settings) {
        return Backends.byName(settings.compute().backend().name().toLowerCase(Locale.ROOT));
    }

    /**
     * The newest checkpoint of a run, if this run can go on from it.
     *
     * @throws UserError if not, with the reason
     */
    static CheckpointReader checkpoint(RunSettings settings, Path folder) {
        try {
            Path newest = new CheckpointStore(folder, settings.checkpoint().keep())
                    .latest()
                    .orElseThrow(() -> new UserError("there is no checkpoint in " + folder + " to resume from"));
            CheckpointReader reader = CheckpointReader.open(newest);
            if (!reader.meta().model().equals(settings.model())) {
                throw new UserError(newest + " holds another model: "
                        + reader.meta().model() + ", the settings say " + settings.model());
            }
            if (!reader.meta().tokeniser().equals(settings.data().tokeniser())) {
                throw new UserError(newest + " was trained with the tokeniser "
                        + reader.meta().tokeniser().name() + ", the settings say "
                        + settings.data().tokeniser().name());
            }
            InnerOptimiser.Settings inner = settings.optimiser().inner();
            if (!reader.meta().optimiser().equals(inner.name())) {
                throw new UserError(newest + " holds the state of the optimiser "
                        + reader.meta().optimiser() + ", the settings say " + inner.name()
                        + ": a run goes on with the optimiser it began with");
            }
            if (!reader.withOptimiser() && !inner.vectors().isEmpty()) {
                throw new UserError(newest + " has no optimiser state, so a run cannot go on from it");
            }
            if (reader.meta().step() >= settings.steps()) {
                throw new UserError(newest + " is at step " + reader.meta().step() + " of " + settings.steps()
                        + ": the run is complete; more --steps would go on");
            }
            return reader;
        } catch (CheckpointException e) {
            throw new UserError(e.getMessage(), e);
        }
    }
}
