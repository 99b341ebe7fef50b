package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.SettingsLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that say what to train. The short ones are keys of the settings by another name. */
public final class SettingsOptions {

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings (HOCON) instead of config/application.conf; config/recipes has some.")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One setting, as in batch.sequences=32; may be repeated, wins over everything else.")
    private List<String> assignments = new ArrayList<>();

    @Option(names = "--name", paramLabel = "NAME", description = "Name of the run (name).")
    private Optional<String> name = Optional.empty();

    @Option(names = "--steps", paramLabel = "N", description = "Optimiser steps (steps).")
    private Optional<String> steps = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", description = "Seed of weights and samples (seed).")
    private Optional<String> seed = Optional.empty();

    @Option(names = "--stages", paramLabel = "N", description = "Slices of the model (swarm.stages).")
    private Optional<String> stages = Optional.empty();

    @Option(names = "--replicas", paramLabel = "N", description = "Shards per stage (swarm.replicas).")
    private Optional<String> replicas = Optional.empty();

    @Option(
            names = "--data",
            paramLabel = "PATH",
            description = "File or folder to learn: text, JSON lines or token ids (data.path).")
    private Optional<String> data = Optional.empty();

    /** The file to read instead of the operator's. */
    public Optional<Path> config() {
        return config;
    }

    /** What the options say, as {@code key=value}, in the order in which it counts. */
    public List<String> assignments() {
        List<String> all = new ArrayList<>();
        keys().forEach((key, value) -> value.ifPresent(given -> all.add(key + "=" + given)));
        all.addAll(assignments);
        return all;
    }

    private Map<String, Optional<String>> keys() {
        Map<String, Optional<String>> keys = new LinkedHashMap<>();
        keys.put("name", name);
        keys.put("steps", steps);
        keys.put("seed", seed);
        keys.put("swarm.stages", stages);
        keys.put("swarm.replicas", replicas);
        keys.put("data", data);
        return keys;
    }

    /** What the options say on top of a loader. */
    public SettingsLoader applyTo(SettingsLoader loader) {
        SettingsLoader result = loader;
        for (Map.Entry<String, Optional<String>> key : keys().entrySet()) {
            if (key.getValue().isPresent()) {
                String option = "--" + key.getKey().substring(key.getKey().indexOf('.') + 1);
                result = result.set(key.getKey(), key.getValue().get(), option);
            }
        }
        for (String assignment : assignments) {
            result = result.set(assignment, "--set");
        }
        return result;
    }
}
