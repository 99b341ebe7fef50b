package io.murmuration.faults.scenario.file;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import io.murmuration.cluster.config.Nearest;
import io.murmuration.cluster.config.Origins;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.Place;
import io.murmuration.faults.scenario.Words;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The keys of one section or list element. Every value is asked for by its key; what was never asked for is unknown, and
 * {@link #finish} refuses it. Errors say the key, the value, file and line, and what was expected.
 */
final class Fields {

    /** Longer values are cut in messages. */
    private static final int SHOWN = 80;

    private final ConfigObject object;
    private final String path;
    private final TreeSet<String> asked = new TreeSet<>();

    /** @param path how the section is called in messages; empty for the outermost */
    Fields(ConfigObject object, String path) {
        this.object = object;
        this.path = path;
    }

    /** Where the section begins. */
    Place place() {
        return new Place(Origins.of(object.origin()));
    }

    /** Where a key has its value, or the section where it has none. */
    Place place(String key) {
        return object.containsKey(key) ? placeOf(object.get(key)) : place();
    }

    static Place placeOf(ConfigValue value) {
        return new Place(Origins.of(value.origin()));
    }

    boolean has(String key) {
        asked.add(key);
        return object.containsKey(key);
    }

    /** The keys that are there. */
    TreeSet<String> keys() {
        return new TreeSet<>(object.keySet());
    }

    Optional<ConfigValue> value(String key) {
        asked.add(key);
        Optional<ConfigValue> value = Optional.ofNullable(object.get(key));
        if (value.isPresent() && value.get().valueType() == ConfigValueType.NULL) {
            throw unfit(key, "a value");
        }
        return value;
    }

    Optional<String> text(String key) {
        return read(key, (config, at) -> config.getString(at), text -> !text.isBlank(), "text");
    }

    String required(String key, String expected) {
        return text(key).orElseThrow(() -> missing(key, expected));
    }

    Optional<Long> whole(String key, long min, long max) {
        // Through the text: getLong would cut 2.5 to 2.
        return read(
                key,
                (config, at) -> new BigDecimal(config.getString(at)).longValueExact(),
                v -> v >= min && v <= max,
                "a whole number" + (max == Long.MAX_VALUE ? " of at least " + min : " from " + min + " to " + max));
    }

    Optional<Double> decimal(String key, double min, double max) {
        return read(
                key,
                (config, at) -> config.getDouble(at),
                v -> v >= min && v <= max,
                "a number from " + min + " to " + max);
    }

    /** A number from 0 to 1. */
    Optional<Double> probability(String key) {
        return read(key, (config, at) -> config.getDouble(at), v -> v >= 0 && v <= 1, "a probability, 0 to 1");
    }

    /** A time that is not negative. */
    Optional<Duration> time(String key) {
        return read(
                key,
                (config, at) -> duration(config, at),
                v -> !v.isNegative(),
                "a time such as 30s, 2m or 250ms, at most " + LONGEST.toDays() + " days");
    }

    /** A time of more than 0. */
    Optional<Duration> positiveTime(String key) {
        return read(
                key,
                (config, at) -> duration(config, at),
                v -> v.isPositive(),
                "a time of more than 0 such as 30s, 2m or 250ms, at most " + LONGEST.toDays() + " days");
    }

    Optional<Duration> anyTime(String key) {
        return read(key, (config, at) -> duration(config, at), v -> true, "a time such as 1h or -30s");
    }

    Optional<Long> bytes(String key) {
        return read(key, (config, at) -> config.getBytes(at), v -> v > 0, "a size such as 512 MiB");
    }

    <E extends Enum<E>> Optional<E> choice(String key, Class<E> type) {
        List<String> all = Words.all(type);
        Optional<String> word =
                read(key, (config, at) -> config.getString(at), v -> true, "one of " + String.join(", ", all));
        return word.map(each -> Words.find(type, each).orElseThrow(() -> notOneOf(key, each, all)));
    }

    /** A value as text, where a name may be quoted or not; from a reader of one's own. */
    <T> Optional<T> parsed(String key, Function<String, Optional<T>> parser, String expected) {
        return read(
                key,
                (config, at) -> parser.apply(config.getString(at)).orElseThrow(() -> unfit(key, expected)),
                v -> true,
                expected);
    }

    Optional<Fields> section(String key) {
        return value(key)
                .map(value -> value instanceof ConfigObject inner
                        ? new Fields(inner, pathOf(key))
                        : raise(unfit(key, "a section: " + key + " { ... }")));
    }

    List<ConfigValue> list(String key) {
        return value(key)
                .map(value ->
                        value instanceof ConfigList list ? list : raise(unfit(key, "a list: " + key + " = [ ... ]")))
                .<List<ConfigValue>>map(ArrayList::new)
                .orElse(List.of());
    }

    /** The sections of a list. */
    List<Fields> sections(String key) {
        List<Fields> sections = new ArrayList<>();
        for (ConfigValue value : list(key)) {
            String name = pathOf(key) + "[" + sections.size() + "]";
            sections.add(
                    value instanceof ConfigObject inner
                            ? new Fields(inner, name)
                            : raise(new UserError(shown(name, value) + "expected a section: { ... }")));
        }
        return sections;
    }

    /** One word, or a list of words. */
    List<String> words(String key, String expected) {
        Optional<ConfigValue> value = value(key);
        if (value.isEmpty()) {
            return List.of();
        }
        List<ConfigValue> all = value.get() instanceof ConfigList list ? new ArrayList<>(list) : List.of(value.get());
        if (all.isEmpty()) {
            throw unfit(key, expected);
        }
        return all.stream()
                .map(each -> each.valueType() == ConfigValueType.STRING || each.valueType() == ConfigValueType.NUMBER
                        ? each.unwrapped().toString()
                        : raise(new UserError(shown(pathOf(key), each) + "expected " + expected)))
                .toList();
    }

    String pathOf(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    /** Refuses what nobody asked for. */
    void finish() {
        finish("");
    }

    /** @param where added to the message, such as " with do = pause" */
    void finish(String where) {
        for (String key : keys()) {
            if (!asked.contains(key)) {
                throw new UserError("unknown key " + pathOf(key) + where + " (" + place(key) + ")"
                        + Nearest.of(key, asked)
                                .map(near -> "; the nearest known key is " + near)
                                .orElse(""));
            }
        }
    }

    UserError missing(String key, String expected) {
        return new UserError(
                (path.isEmpty() ? "" : path + " ") + "(" + place() + "): expected " + key + " = " + expected);
    }

    /** The error for a value that does not fit. */
    UserError unfit(String key, String expected) {
        return wrong(key, "expected " + expected);
    }

    /** The error for a value that is wrong for another reason. */
    UserError wrong(String key, String reason) {
        return object.containsKey(key)
                ? new UserError(shown(pathOf(key), object.get(key)) + reason)
                : wrong(reason + " (" + key + ")");
    }

    /** The error for a section that is wrong as a whole. */
    UserError wrong(String reason) {
        return new UserError((path.isEmpty() ? "" : path + " ") + "(" + place() + "): " + reason);
    }

    UserError notOneOf(String key, String word, List<String> all) {
        return wrong(
                key,
                "expected one of " + String.join(", ", all)
                        + Nearest.of(word, all)
                                .map(near -> "; the nearest is " + near)
                                .orElse(""));
    }

    private static String shown(String path, ConfigValue value) {
        String text = value.render(ConfigRenderOptions.concise());
        return path + " = " + (text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text) + " ("
                + Origins.of(value.origin()) + "): ";
    }

    private interface Getter<T> {
        T get(Config config, String path);
    }

    private <T> Optional<T> read(String key, Getter<T> getter, Predicate<T> fits, String expected) {
        Optional<ConfigValue> value = value(key);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        T result;
        try {
            result = getter.get(value.get().atKey("value"), "value");
        } catch (ConfigException | ArithmeticException | NumberFormatException e) {
            throw unfit(key, expected);
        }
        if (!fits.test(result)) {
            throw unfit(key, expected);
        }
        return Optional.of(result);
    }

    /** A virtual year: sums of such times stay far within a long of nanoseconds. */
    private static final Duration LONGEST = Duration.ofDays(365);

    /** A number alone would be milliseconds, which nobody expects; {@code 1m 30s} is a sum, as it is printed. */
    private static Duration duration(Config config, String at) {
        String text = config.getString(at).strip();
        if (text.matches("-?[0-9.]*[1-9][0-9.]*")) {
            throw new NumberFormatException("a time without a unit: " + text);
        }
        Duration duration = Duration.ZERO;
        boolean negative = text.startsWith("-");
        for (String part : (negative ? text.substring(1) : text).split("\\s+(?=[0-9])")) {
            duration = duration.plus(
                    ConfigValueFactory.fromAnyRef(part).atKey("part").getDuration("part"));
        }
        duration = negative ? duration.negated() : duration;
        if (duration.abs().compareTo(LONGEST) > 0) {
            throw new ArithmeticException("longer than " + LONGEST);
        }
        return duration;
    }

    private static <T> T raise(UserError error) {
        throw error;
    }
}
