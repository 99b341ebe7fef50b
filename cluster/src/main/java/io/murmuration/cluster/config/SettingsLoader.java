package io.murmuration.cluster.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Layers the sources of settings and reads them once: {@code reference.conf}, the environment (a variable for every key,
 * and those that the file asks for), at most one file, and single keys on top. A loader is immutable; every method gives a new one.
 */
public final class SettingsLoader {

    private static final String DATA = "data";
    private static final String DATA_PATH = "data.path";
    private static final String NODE = "node";
    private static final String DATA_PLANE = "data-plane";
    private static final String TELEMETRY = "telemetry";

    private static final Pattern VARIABLE = Pattern.compile("[A-Z_][A-Z0-9_]*");

    /** Defaults and schema; the libraries' files of the same name say nothing about murmuration. */
    private static final Config REFERENCE = ConfigFactory.parseResources(
                    SettingsLoader.class.getClassLoader(), "reference.conf")
            .withOnlyPath(KnownKeys.ROOT);

    static final KnownKeys KNOWN =
            new KnownKeys(REFERENCE.resolve(ConfigResolveOptions.noSystem()).getObject(KnownKeys.ROOT));

    private final Map<String, String> environment;
    private final Config file;
    private final Config single;

    private SettingsLoader(Map<String, String> environment, Config file, Config single) {
        this.environment = environment;
        this.file = file;
        this.single = single;
    }

    /** @param environment what <code>${?NAME}</code> may refer to, usually {@link System#getenv()} */
    public static SettingsLoader of(Map<String, String> environment) {
        Map<String, String> usable = new TreeMap<>(environment);
        usable.keySet().removeIf(name -> !VARIABLE.matcher(name).matches());
        return new SettingsLoader(usable, ConfigFactory.empty(), ConfigFactory.empty());
    }

    /** The defaults with some keys changed, each {@code "key=value"} below {@code murmuration.}, without the environment. */
    public static RunSettings defaultsWith(String... assignments) {
        SettingsLoader loader = of(Map.of());
        for (String assignment : assignments) {
            loader = loader.set(assignment, "defaultsWith");
        }
        return loader.load().settings();
    }

    /**
     * A HOCON file.
     *
     * @throws UserError if it cannot be read or is not HOCON
     */
    public SettingsLoader file(Path path) {
        if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
            throw new UserError("cannot read the configuration file " + path);
        }
        Config parsed = parse(
                () -> ConfigFactory.parseFile(
                        path.toFile(), ConfigParseOptions.defaults().setAllowMissing(false)),
                path.toString());
        for (String key : parsed.root().keySet()) {
            if (!key.equals(KnownKeys.ROOT)) {
                throw new UserError("unknown key " + key + " ("
                        + Origins.of(parsed.root().get(key).origin()) + "): every setting is under murmuration");
            }
        }
        return new SettingsLoader(environment, withDataPath(parsed), single);
    }

    /**
     * Settings that somebody else has read, such as a scenario's: as if they came from a file, on top of what is there.
     *
     * @param below what is below {@code murmuration}, resolved
     */
    public SettingsLoader with(ConfigObject below) {
        Config layer = ConfigFactory.empty().withValue(KnownKeys.ROOT, below);
        return new SettingsLoader(environment, withDataPath(layer).withFallback(file), single);
    }

    /** {@code data = PATH} is short for {@code data { path = PATH }}, also where the value is not known yet. */
    private static Config withDataPath(Config parsed) {
        if (!(parsed.root().get(KnownKeys.ROOT) instanceof ConfigObject root)) {
            return parsed;
        }
        try {
            ConfigValue data = root.get(DATA);
            String place = KnownKeys.ROOT + "." + DATA;
            return data == null || data instanceof ConfigObject
                    ? parsed
                    : parsed.withoutPath(place).withValue(KnownKeys.ROOT + "." + DATA_PATH, data);
        } catch (ConfigException.NotResolved e) {
            return parsed; // murmuration itself is a reference: its keys are not known before it is resolved
        }
    }

    /**
     * One key, as {@code key=value}; the value is taken as it is, without HOCON's quoting.
     *
     * @param source who says so, for messages: {@code --set}
     * @throws UserError if it is not an assignment, or there is no such key
     */
    public SettingsLoader set(String assignment, String source) {
        int equals = assignment.indexOf('=');
        if (equals <= 0) {
            throw new UserError(source + " " + assignment + ": expected key=value, such as batch.sequences=32");
        }
        return set(assignment.substring(0, equals).strip(), assignment.substring(equals + 1), source);
    }

    /** One key below {@code murmuration.}; a leading {@code murmuration.} is allowed. */
    public SettingsLoader set(String key, String value, String source) {
        String given = key.startsWith(KnownKeys.ROOT + ".") ? key.substring(KnownKeys.ROOT.length() + 1) : key;
        String path = given.equals(DATA) ? DATA_PATH : given;
        KNOWN.checkLeaf(path, source);
        String quoted = ConfigUtil.joinPath(List.of((KnownKeys.ROOT + "." + path).split("\\.")));
        return new SettingsLoader(
                environment, file, single.withValue(quoted, ConfigValueFactory.fromAnyRef(value, source)));
    }

    /**
     * Resolves, checks and reads what a run needs.
     *
     * @throws UserError for the first thing that is wrong
     */
    public LoadedSettings load() {
        Map<String, Object> resolved = new TreeMap<>();
        Section root = new Section(checked(), KnownKeys.ROOT, resolved);
        RunSettings settings = RunSettingsReader.read(root);
        DataPlaneSettings dataPlane = DataPlaneSettingsReader.read(root.section(DATA_PLANE));
        return new LoadedSettings(settings, dataPlane, rendered(resolved));
    }

    /**
     * Resolves, checks and reads what a node needs, its run included.
     *
     * @throws UserError for the first thing that is wrong
     */
    public LoadedNode loadNode() {
        Map<String, Object> resolved = new TreeMap<>();
        Section root = new Section(checked(), KnownKeys.ROOT, resolved);
        NodeSettings node = NodeSettingsReader.read(root.section(NODE));
        RunSettings run = RunSettingsReader.read(root);
        DataPlaneSettings dataPlane = DataPlaneSettingsReader.read(root.section(DATA_PLANE))
                .boundTo(node.data().bindHost(), node.data().bindPort());
        TelemetrySettings telemetry = TelemetrySettingsReader.read(root.section(TELEMETRY));
        return new LoadedNode(node, run, dataPlane, telemetry, rendered(resolved));
    }

    /**
     * Where the HTTP API of the node with these settings is, as far as they say: whose node it is does not matter.
     *
     * @throws UserError for the first thing that is wrong
     */
    public LoadedHttp loadHttp() {
        Section node = new Section(checked(), KnownKeys.ROOT, new TreeMap<>()).section(NODE);
        return new LoadedHttp(
                NodeSettingsReader.http(node.section("http")), NodeSettingsReader.tls(node.section("tls")));
    }

    /**
     * The shards on each node with these settings, whose it is does not matter; empty: as many as memory and cores allow.
     *
     * @throws UserError if that is no such number
     */
    public OptionalInt loadShards() {
        return NodeSettingsReader.shards(new Section(checked(), KnownKeys.ROOT, new TreeMap<>()).section(NODE));
    }

    private Config checked() {
        Config variables = ConfigFactory.parseMap(environment, "environment");
        Config whole = parse(
                () -> single.withFallback(file)
                        .withFallback(named())
                        .withFallback(REFERENCE)
                        .withFallback(variables)
                        .resolve(ConfigResolveOptions.noSystem()),
                "the configuration");
        KNOWN.check(section(whole));
        return whole;
    }

    /** Every key may come from a variable called after it: {@code node.control.port} from MURMURATION_NODE_CONTROL_PORT. */
    private Config named() {
        Config layer = ConfigFactory.empty();
        for (String leaf : KNOWN.leaves()) {
            String variable = variable(leaf);
            if (environment.containsKey(variable)) {
                layer = layer.withValue(
                        KnownKeys.ROOT + "." + leaf,
                        ConfigValueFactory.fromAnyRef(environment.get(variable), "environment variable " + variable));
            }
        }
        return layer;
    }

    /** The environment variable of a key. */
    static String variable(String leaf) {
        return (KnownKeys.ROOT + "_" + leaf).replaceAll("[.-]", "_").toUpperCase(Locale.ROOT);
    }

    private static String rendered(Map<String, Object> resolved) {
        return ConfigFactory.parseMap(resolved)
                .root()
                .render(ConfigRenderOptions.defaults()
                        .setOriginComments(false)
                        .setComments(false)
                        .setJson(false));
    }

    private static ConfigObject section(Config whole) {
        try {
            return whole.getObject(KnownKeys.ROOT);
        } catch (ConfigException.WrongType e) {
            throw new UserError("murmuration must be a section: murmuration { ... }", e);
        }
    }

    private static Config parse(Supplier<Config> source, String what) {
        try {
            return source.get();
        } catch (ConfigException.UnresolvedSubstitution e) {
            throw new UserError(what + ": " + oneLine(e.getMessage()), e);
        } catch (ConfigException e) {
            throw new UserError("cannot read " + what + ": " + oneLine(e.getMessage()), e);
        }
    }

    private static String oneLine(String message) {
        return message.replaceAll("\\s*\\R\\s*", " ");
    }
}
