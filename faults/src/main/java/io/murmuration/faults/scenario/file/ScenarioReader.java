package io.murmuration.faults.scenario.file;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigValueType;
import io.murmuration.cluster.config.LoadedSettings;
import io.murmuration.cluster.config.LostStageChoice;
import io.murmuration.cluster.config.Nearest;
import io.murmuration.cluster.config.Origins;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.Bound;
import io.murmuration.faults.scenario.Comparison;
import io.murmuration.faults.scenario.ComputeMode;
import io.murmuration.faults.scenario.Durations;
import io.murmuration.faults.scenario.Heal;
import io.murmuration.faults.scenario.Links;
import io.murmuration.faults.scenario.Measure;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.Place;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.ScenarioEvent;
import io.murmuration.faults.scenario.Trigger;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads a scenario file: HOCON with one section {@code scenario}. Everything is checked here; every error is a
 * {@link UserError} of one line that names file and line.
 */
public final class ScenarioReader {

    private static final String ROOT = "scenario";
    private static final int LONGEST_NAME = 100;
    /** What the coordinator counts in. */
    private static final long MOST_STEPS = Integer.MAX_VALUE;

    private static final double LOSS_AS_CONTROL = 1.03;
    /** A stage that is built from its neighbours has to learn anew what it knew. */
    private static final double LOSS_OF_REBUILT = 1.1;

    private final Optional<Path> config;

    /** @param config the folder {@code config/} of the installation, where includes are looked for too */
    public ScenarioReader(Optional<Path> config) {
        this.config = config;
    }

    /** Reads a file with its own seed. */
    public Scenario read(Path file) {
        return read(file, Optional.empty());
    }

    /**
     * Reads a file.
     *
     * @param seed in place of the file's
     * @throws UserError for the first thing that is wrong
     */
    public Scenario read(Path file, Optional<Long> seed) {
        return read(file, seed, List.of());
    }

    /**
     * Reads a file with other settings of its run.
     *
     * @param settings as {@code key=value}, the key without {@code run}
     * @throws UserError for the first thing that is wrong
     */
    public Scenario read(Path file, Optional<Long> seed, List<String> settings) {
        Config parsed = Includes.parse(file, config);
        for (String setting : settings) {
            parsed = set(setting).withFallback(parsed);
        }
        Config resolved;
        try {
            resolved = parsed.resolve(ConfigResolveOptions.noSystem());
        } catch (ConfigException e) {
            throw Includes.unreadable(e, file.toString());
        }
        for (String key : resolved.root().keySet()) {
            if (!key.equals(ROOT)) {
                throw new UserError("unknown key " + key + " ("
                        + Origins.of(resolved.root().get(key).origin())
                        + "): everything in a scenario file is under scenario");
            }
        }
        if (!(resolved.root().get(ROOT) instanceof ConfigObject root)) {
            throw new UserError(file + ":1: expected scenario { ... }");
        }
        return scenario(file, new Fields(root, ""), seed, settings);
    }

    private static Config set(String setting) {
        String[] parts = setting.split("=", 2);
        if (parts.length < 2 || parts[0].isBlank()) {
            throw new UserError("--set: expected key=value, got " + setting);
        }
        try {
            return ConfigFactory.parseString(
                    ROOT + ".run." + parts[0].strip() + " = " + parts[1],
                    ConfigParseOptions.defaults().setOriginDescription("--set " + setting));
        } catch (ConfigException e) {
            throw Includes.unreadable(e, "--set " + setting);
        }
    }

    /** The first line of the first comment of a file: what the scenario asks. Empty if it does not begin with one. */
    public static String question(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.UTF_8).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .findFirst()
                    .filter(line -> line.startsWith("#") || line.startsWith("//"))
                    .map(line -> line.replaceFirst("^(#+|/+)\\s*", ""))
                    .orElse("");
        } catch (IOException e) {
            throw new UserError("cannot read the scenario file " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * In an asynchronous run every delay changes which gradients are stale, and so the parameters a little; a stage that was
     * built from its neighbours has other ones altogether. There the loss is compared.
     *
     * @param most of the control's loss
     * @param why for the report
     */
    private static List<Bound> byLoss(List<Bound> bounds, double most, String why, List<String> notes) {
        List<Bound> result = new ArrayList<>();
        for (Bound bound : bounds) {
            if (bound.measure() == Measure.PARAMETERS_DISTANCE_TO_CONTROL) {
                result.add(new Bound(
                        Measure.FINAL_LOSS_RATIO_TO_CONTROL,
                        new Bound.Compared(Comparison.LESS, most),
                        bound.implied(),
                        bound.place()));
                notes.add(why + ": in place of equal parameters its final loss must be within "
                        + Math.round((most - 1) * 100) + " % of the control's");
            } else {
                result.add(bound);
            }
        }
        return result;
    }

    private static Scenario scenario(Path file, Fields fields, Optional<Long> otherSeed, List<String> given) {
        List<String> notes = new ArrayList<>();
        String name = fields.required("name", "\"what this is about\"");
        if (name.length() > LONGEST_NAME) {
            throw fields.unfit("name", "at most " + LONGEST_NAME + " characters");
        }
        long writtenSeed = fields.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE).orElse(1L);
        long seed = otherSeed.orElse(writtenSeed);
        ComputeMode compute = fields.choice("compute", ComputeMode.class).orElse(ComputeMode.REAL);
        RunReader run = new RunReader(fields, notes);
        Optional<Duration> duration = fields.positiveTime("duration");
        Optional<Long> steps = fields.whole("steps", 1, MOST_STEPS).or(run::steps);
        if (duration.isEmpty() && steps.isEmpty()) {
            throw fields.missing("duration", "10m, or steps = 200, or both");
        }
        List<NodeGroup> groups = NodesReader.read(fields);
        checkRoles(fields, groups, run.stages(), notes);
        LoadedSettings settings = run.read(name, seed, steps, compute, groups);

        World world = new World(groups, run.stages(), duration, steps, folderOf(file));
        Map<String, Place> places = new TreeMap<>();
        if (fields.has("compute")) {
            places.put("compute", fields.place("compute"));
        }
        Optional<Fields> linked = fields.section("links");
        LinksReader linksReader = new LinksReader(world.regions());
        Links links = linksReader.links(linked);
        linked.ifPresent(section -> linksReader.places(section, places));
        List<ScenarioEvent> events = new EventsReader(world, notes).read(fields);
        Heal heal = heal(fields, duration);
        checkBefore(heal, events);
        AdversariesReader.refuse(world, fields);
        List<Bound> bounds = ExpectReader.read(fields.section("expect"), compute, heal, fields.place());
        if (settings.settings().swarm().lostStage() == LostStageChoice.NEIGHBOURS) {
            bounds = byLoss(bounds, LOSS_OF_REBUILT, "the run builds a lost stage from its neighbours", notes);
        } else if (settings.settings().swarm().staleness() > 0) {
            bounds = byLoss(bounds, LOSS_AS_CONTROL, "the run is asynchronous", notes);
        }
        fields.finish();
        noteAbsent(groups, events, notes);
        return new Scenario(
                file,
                name,
                question(file),
                seed,
                duration,
                steps,
                settings.settings(),
                settings.rendered(),
                compute,
                groups,
                links,
                events,
                heal,
                bounds,
                notes,
                places,
                given);
    }

    private static Path folderOf(Path file) {
        return file.toAbsolutePath().getParent();
    }

    private static Heal heal(Fields fields, Optional<Duration> duration) {
        List<String> words = List.of("before-end", "never");
        Optional<String> text = fields.value("heal").isPresent() ? fields.text("heal") : Optional.empty();
        if (text.isEmpty() || text.get().equals("never")) {
            return new Heal.Never();
        }
        if (text.get().equals("before-end")) {
            return new Heal.BeforeEnd();
        }
        if (fields.value("heal").orElseThrow().valueType() == ConfigValueType.STRING
                && !Character.isDigit(text.get().charAt(0))) {
            throw fields.unfit(
                    "heal",
                    "before-end, never or a time; the nearest word is "
                            + Nearest.of(text.get(), words).orElseThrow());
        }
        Duration time = fields.time("heal").orElseThrow();
        if (duration.isPresent() && time.compareTo(duration.get()) >= 0) {
            throw fields.wrong("heal", "the run ends after " + Durations.text(duration.get()));
        }
        return new Heal.At(time);
    }

    /** What is to happen after everything is healed would never happen. */
    private static void checkBefore(Heal heal, List<ScenarioEvent> events) {
        if (!(heal instanceof Heal.At(Duration time))) {
            return;
        }
        for (ScenarioEvent event : events) {
            Optional<Duration> first =
                    switch (event.trigger()) {
                        case Trigger.At(Duration at) -> Optional.of(at);
                        case Trigger.Every every -> Optional.of(every.from());
                        default -> Optional.empty();
                    };
            if (first.isPresent() && first.get().compareTo(time) >= 0) {
                throw new UserError(event.place() + ": " + event.trigger().text() + " is not before heal = "
                        + Durations.text(time) + ", after which nothing happens any more");
            }
        }
    }

    private static void checkRoles(Fields fields, List<NodeGroup> groups, int stages, List<String> notes) {
        long shards = count(groups, NodeRole.SHARD);
        if (count(groups, NodeRole.COORDINATOR) == 0) {
            throw fields.wrong("nodes", "no node of the start has the role coordinator: nobody could lead the run");
        }
        if (count(groups, NodeRole.TRAINER) == 0) {
            throw fields.wrong("nodes", "no node of the start has the role trainer: nobody would draw microbatches");
        }
        if (shards < stages) {
            throw fields.wrong(
                    "nodes",
                    "only " + shards + " nodes of the start have the role shard, but there are " + stages
                            + " stages and each needs one");
        }
        if (count(groups, NodeRole.VERIFIER) > 0) {
            notes.add("the role verifier is accepted; nobody verifies before the verification work is done");
        }
        if (shards % stages != 0) {
            notes.add(shards + " shards over " + stages + " stages: the run begins with " + shards / stages
                    + " of each, the rest joins");
        }
    }

    private static long count(List<NodeGroup> groups, NodeRole role) {
        return groups.stream()
                .filter(group -> group.roles().contains(role))
                .mapToLong(group -> group.initial().size())
                .sum();
    }

    private static void noteAbsent(List<NodeGroup> groups, List<ScenarioEvent> events, List<String> notes) {
        for (NodeGroup group : groups) {
            boolean comes = !group.initial().isEmpty()
                    || events.stream().map(ScenarioEvent::action).anyMatch(action -> switch (action) {
                        case Action.Join join -> join.group().equals(group.name());
                        case Action.Churn churn ->
                            churn.changes().stream().anyMatch(change -> group.number(change.node())
                                    .isPresent());
                        default -> false;
                    });
            if (!comes) {
                notes.add("group " + group.name() + " starts later, but no event lets it join (" + group.place() + ")");
            }
        }
    }
}
