package io.murmuration.cluster.run;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.checkpoint.CheckpointException;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.checkpoint.HuggingFaceModel;
import io.murmuration.tensors.checkpoint.StartingState;
import io.murmuration.tensors.data.Corpora;
import io.murmuration.tensors.data.Corpus;
import io.murmuration.tensors.data.CorpusSettings;
import io.murmuration.tensors.data.DataException;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.optim.InnerOptimiser;
import java.nio.file.Path;
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
            if (wanted.subspace() > 0 && there.subspace() == 0) {
                throw new UserError("model.subspace is " + wanted.subspace() + ", but " + folder
                        + " (model.import) is an ordinary Llama, which adds to its residual stream what is in no subspace: what"
                        + " crosses between stages would not be what was sent");
            }
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
