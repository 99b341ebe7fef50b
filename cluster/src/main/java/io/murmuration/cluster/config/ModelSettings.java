package io.murmuration.cluster.config;

import io.murmuration.tensors.checkpoint.CheckpointException;
import io.murmuration.tensors.checkpoint.HuggingFaceModel;
import io.murmuration.tensors.data.Tokeniser;
import io.murmuration.tensors.model.ModelSpec;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Reads the section {@code model}: a preset, or the {@code config.json} of a model to import, with single numbers changed.
 * What is given in full needs neither: a run that was imported is resumed also where the model is no longer there.
 */
final class ModelSettings {

    private final Section section;
    private final Optional<Path> importFrom;
    private final ModelSpec preset;
    /** Read when the first number is not given. */
    private Optional<ModelSpec> imported = Optional.empty();

    private ModelSettings(Section section, Optional<Path> importFrom, ModelSpec preset) {
        this.section = section;
        this.importFrom = importFrom;
        this.preset = preset;
    }

    static ModelSpec read(Section section, Optional<Path> importFrom, Tokeniser tokeniser) {
        String names = String.join("|", ModelSpec.presets().keySet());
        String name = section.text("preset", Pattern.compile(names), "one of " + names.replace("|", ", "));
        return new ModelSettings(section, importFrom, ModelSpec.presets().get(name)).model(tokeniser);
    }

    private ModelSpec model(Tokeniser tokeniser) {
        int heads = whole("heads");
        try {
            return new ModelSpec(
                    vocabulary(tokeniser),
                    whole("dim"),
                    whole("layers"),
                    heads,
                    keyHeads(heads),
                    whole("ffn"),
                    whole("sequence"),
                    decimal("rope-theta", 1e12),
                    decimal("rms-epsilon", 1),
                    section.flag("tied-head"),
                    section.integer("subspace", 0, 1 << 20),
                    section.flag("branch-gain"),
                    section.integer("subspace-refresh", 0, 1 << 30));
        } catch (IllegalArgumentException e) {
            throw new UserError("murmuration.model: " + e.getMessage(), e);
        }
    }

    /** A preset is made for bytes; a tokeniser with more ids widens it. */
    private int vocabulary(Tokeniser tokeniser) {
        int given = given("vocabulary");
        int value = given != 0
                ? given
                : importFrom.isPresent() ? base().vocabulary() : Math.max(preset.vocabulary(), tokeniser.vocabulary());
        section.resolve("vocabulary", value);
        return value;
    }

    /** With other heads than the preset's, as many as those. */
    private int keyHeads(int heads) {
        int given = given("kv-heads");
        int value = given != 0 ? given : heads == base().heads() ? base().kvHeads() : heads;
        section.resolve("kv-heads", value);
        return value;
    }

    private int whole(String key) {
        int given = given(key);
        int value = given != 0
                ? given
                : switch (key) {
                    case "dim" -> base().dim();
                    case "layers" -> base().layers();
                    case "heads" -> base().heads();
                    case "ffn" -> base().ffn();
                    default -> base().sequence();
                };
        section.resolve(key, value);
        return value;
    }

    private double decimal(String key, double max) {
        double given = section.decimal(key, 0, max);
        double value = given != 0 ? given : key.equals("rope-theta") ? base().ropeTheta() : base().rmsEpsilon();
        section.resolve(key, value);
        return value;
    }

    private int given(String key) {
        // 2^20: no number of a known model is larger, and products of two of them still fit a long. Known models have
        // some hundred layers; each is described on the heap.
        return section.integer(key, 0, key.equals("layers") ? 1 << 12 : 1 << 20);
    }

    private ModelSpec base() {
        if (importFrom.isEmpty()) {
            return preset;
        }
        if (imported.isEmpty()) {
            try {
                imported = Optional.of(HuggingFaceModel.spec(importFrom.get()));
            } catch (CheckpointException e) {
                throw new UserError("murmuration.model.import: " + e.getMessage(), e);
            }
        }
        return imported.get();
    }
}
