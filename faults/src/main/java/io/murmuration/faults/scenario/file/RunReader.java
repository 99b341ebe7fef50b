package io.murmuration.faults.scenario.file;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.murmuration.cluster.config.LoadedSettings;
import io.murmuration.cluster.config.Origins;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.ComputeMode;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.Place;
import io.murmuration.tensors.model.ModelSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads {@code run}: settings of a run, three of them by a shorter name, and what follows from the nodes. */
final class RunReader {

    private static final Map<String, String> SHORTHANDS =
            Map.of("model", "model.preset", "stages", "swarm.stages", "batch", "batch.sequences");

    private static final String PRESET = "model.preset";
    private static final String LAYERS = "model.layers";
    private static final String STAGES = "swarm.stages";
    private static final String BACKEND = "compute.backend";
    private static final String SEED = "seed";

    private final Fields scenario;
    private final Config run;
    private final Place place;
    private final List<String> notes;

    /**
     * @param scenario what has the key {@code run}
     * @param notes gets what was derived
     */
    RunReader(Fields scenario, List<String> notes) {
        this.scenario = scenario;
        Optional<ConfigValue> value = scenario.value("run");
        if (value.isPresent() && !(value.get() instanceof ConfigObject)) {
            throw scenario.unfit("run", "a section with settings of a run: run { ... }");
        }
        ConfigObject object =
                value.map(ConfigObject.class::cast).orElse(ConfigFactory.empty().root());
        this.run = expanded(object).toConfig();
        this.place = scenario.place("run");
        this.notes = notes;
    }

    private static ConfigObject expanded(ConfigObject object) {
        ConfigObject whole = object;
        for (Map.Entry<String, String> shorthand : SHORTHANDS.entrySet()) {
            ConfigValue value = object.get(shorthand.getKey());
            if (value != null && !(value instanceof ConfigObject)) {
                whole = value.atPath(shorthand.getValue()).root().withFallback(whole.withoutKey(shorthand.getKey()));
            }
        }
        return whole;
    }

    /** The steps that the run's settings give, if they do. */
    Optional<Long> steps() {
        return run.hasPath("steps") ? Optional.of((long) number("steps", 1)) : Optional.empty();
    }

    /** Slices of the model. */
    int stages() {
        int stages = number(STAGES, SettingsLoader.defaultsWith().swarm().stages());
        if (stages < 1) {
            throw new UserError("run.stages = " + stages + " (" + Fields.placeOf(run.getValue(STAGES))
                    + "): expected a whole number of at least 1");
        }
        return stages;
    }

    /** A number that is checked properly when all settings are loaded. */
    private int number(String path, int otherwise) {
        try {
            return run.hasPath(path) ? run.getInt(path) : otherwise;
        } catch (ConfigException e) {
            return otherwise;
        }
    }

    /**
     * All settings.
     *
     * @throws UserError for what is wrong, or contradicts the rest of the scenario
     */
    LoadedSettings read(String name, long seed, Optional<Long> steps, ComputeMode compute, List<NodeGroup> groups) {
        refuseDerived();
        Config derived = derived(name, seed, steps, groups);
        Config whole = derived.withFallback(run)
                .withFallback(steps.isPresent() ? ConfigFactory.empty() : resource("endless.conf"))
                .withFallback(resource("run-defaults.conf"));
        LoadedSettings loaded;
        try {
            loaded = SettingsLoader.of(Map.of()).with(whole.root()).load();
        } catch (UserError e) {
            String file = place.text().replaceFirst(":[0-9]+$", "");
            // Settings of a run are under `run` here.
            String message = e.getMessage().replaceAll("\\bmurmuration\\.(?=[a-z])", "run.");
            throw new UserError(message.contains(file) ? message : "run (" + place + "): " + message, e);
        } catch (ConfigException.Missing e) {
            // HOCON: a value hides the section of that name that is under it, defaults included.
            throw new UserError(
                    "run (" + place + "): some section is given as a value too, such as batch = 16 beside"
                            + " batch.microbatch = 2 (write batch.sequences = 16): " + e.getMessage(),
                    e);
        }
        if (compute == ComputeMode.REAL) {
            checkReal(ConfigFactory.parseString(loaded.rendered()).getConfig("murmuration"));
        }
        return loaded;
    }

    private static Config resource(String name) {
        return ConfigFactory.parseResources(RunReader.class, name);
    }

    /** What the nodes say is not said again; a recipe that says it is overruled. */
    private void refuseDerived() {
        for (String key : List.of("swarm.trainers", "swarm.replicas")) {
            if (run.hasPath(key) && isHere(key)) {
                throw new UserError("run." + key + " ("
                        + Origins.of(run.getValue(key).origin()) + "): follows from the nodes and their roles");
            }
        }
        if (run.hasPath(SEED) && isHere(SEED)) {
            throw new UserError("run.seed (" + Origins.of(run.getValue(SEED).origin())
                    + "): everything random follows from the scenario's seed");
        }
    }

    private boolean isHere(String key) {
        String there = Origins.of(run.getValue(key).origin()).replaceFirst(":[0-9]+$", "");
        return there.equals(scenario.place().text().replaceFirst(":[0-9]+$", ""));
    }

    private Config derived(String name, long seed, Optional<Long> steps, List<NodeGroup> groups) {
        Config config = ConfigFactory.empty()
                .withValue(SEED, value(seed))
                .withValue("swarm.trainers", value(count(groups, NodeRole.TRAINER)))
                .withValue("swarm.replicas", value(count(groups, NodeRole.SHARD) / stages()));
        if (!run.hasPath("name")) {
            config = config.withValue(
                    "name",
                    value(name.replaceAll("[^A-Za-z0-9_.]+", "-")
                            .replaceAll("^[.-]+", "")
                            .transform(text ->
                                    text.isEmpty() ? "scenario" : text.substring(0, Math.min(64, text.length())))));
        }
        if (steps.isPresent()) {
            config = config.withValue("steps", value(steps.get()));
        }
        String preset = run.hasPath(PRESET) ? run.getValue(PRESET).unwrapped().toString() : "nano";
        ModelSpec spec = ModelSpec.presets().get(preset);
        if (spec != null && number(LAYERS, 0) == 0 && !run.hasPath("model.import") && stages() > spec.layers()) {
            config = config.withValue(LAYERS, value(stages()));
            notes.add("the model " + preset + " has " + spec.layers() + " layers; with " + stages() + " stages it gets "
                    + stages() + " (model.layers)");
        }
        return config;
    }

    private static long count(List<NodeGroup> groups, NodeRole role) {
        return groups.stream()
                .filter(group -> group.roles().contains(role))
                .mapToLong(group -> group.initial().size())
                .sum();
    }

    private static ConfigValue value(Object value) {
        return ConfigValueFactory.fromAnyRef(value, "derived from the scenario");
    }

    private void checkReal(Config settings) {
        allow(settings, PRESET, "nano", "the one that this JVM can train many times over");
        allow(settings, BACKEND, "java", "the pure-Java backend, with equal bits on every machine");
    }

    private void allow(Config settings, String key, String only, String because) {
        String given = settings.getString(key);
        if (!given.equals(only)) {
            Place where = run.hasPath(key) ? Fields.placeOf(run.getValue(key)) : place;
            throw new UserError("run." + key + " = " + given + " (" + where + "): expected " + only
                    + " with compute = real, " + because + "; compute = cost takes any");
        }
    }
}
