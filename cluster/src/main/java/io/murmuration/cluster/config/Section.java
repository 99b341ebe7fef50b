package io.murmuration.cluster.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.Codecs;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads the typed values of one section and refuses what is not in range, naming the key, where it was set, what came and
 * what was expected. What was read is noted in {@code resolved}, so that it can be rendered.
 */
final class Section {

    private final Config config;
    private final String path;
    private final Map<String, Object> resolved;

    /** @param config the whole, resolved configuration */
    Section(Config config, String path, Map<String, Object> resolved) {
        this.config = config;
        this.path = path;
        this.resolved = resolved;
    }

    Section section(String key) {
        return new Section(config, path + "." + key, resolved);
    }

    int integer(String key, int min, int max) {
        return (int) whole(key, min, max);
    }

    /** @return empty if the value is {@code word} and no number */
    OptionalInt integerOr(String word, String key, int min, int max) {
        return read(
                key,
                at -> config.getString(at).equals(word)
                        ? OptionalInt.empty()
                        : OptionalInt.of(new BigDecimal(config.getString(at)).intValueExact()),
                v -> v.isEmpty() || v.getAsInt() >= min && v.getAsInt() <= max,
                "a whole number" + range(min, max) + ", or " + word,
                v -> v.isEmpty() ? word : v.getAsInt());
    }

    long whole(String key, long min, long max) {
        // Through the text: getLong would cut 2.5 to 2.
        return read(
                key,
                at -> new BigDecimal(config.getString(at)).longValueExact(),
                v -> v >= min && v <= max,
                "a whole number" + range(min, max),
                v -> v);
    }

    double decimal(String key, double min, double max) {
        return read(key, config::getDouble, v -> v >= min && v <= max, "a number" + range(min, max), v -> v);
    }

    long bytes(String key, long min, long max) {
        String expected = "a size from " + min + " to " + max + " bytes, such as 512 KiB";
        return read(key, config::getBytes, v -> v >= min && v <= max, expected, v -> v);
    }

    Duration duration(String key, Duration min, Duration max) {
        return read(
                key,
                config::getDuration,
                v -> v.compareTo(min) >= 0 && v.compareTo(max) <= 0,
                "a time from " + min.toMillis() + " ms to " + max.toSeconds() + " s, such as 2s",
                v -> v.toMillis() + "ms");
    }

    boolean flag(String key) {
        return read(key, config::getBoolean, v -> true, "true or false", v -> v);
    }

    String text(String key) {
        return read(key, config::getString, v -> true, "text", v -> v);
    }

    String text(String key, Pattern pattern, String expected) {
        return read(key, config::getString, v -> pattern.matcher(v).matches(), expected, v -> v);
    }

    /** A text that is neither rendered nor repeated in an error; empty: none. */
    Optional<String> secret(String key, int shortest, int longest) {
        String value;
        try {
            value = config.getString(path + "." + key);
        } catch (ConfigException.WrongType e) {
            throw new UserError(path + "." + key + ": expected text", e);
        }
        resolved.put(path + "." + key, value.isEmpty() ? "" : "(hidden)");
        boolean printable = value.chars().allMatch(character -> character > ' ' && character < 0x7F);
        if (!value.isEmpty() && (value.length() < shortest || value.length() > longest || !printable)) {
            throw new UserError(path + "." + key + ": expected " + shortest + " to " + longest
                    + " letters, digits and signs without blanks, got " + value.length());
        }
        return value.isEmpty() ? Optional.empty() : Optional.of(value);
    }

    /** A list, or one text with commas: an environment variable holds no list. */
    List<String> texts(String key) {
        return read(
                key,
                at -> config.getValue(at).valueType() == ConfigValueType.LIST
                        ? config.getStringList(at)
                        : Stream.of(config.getString(at).split(",", -1))
                                .map(String::strip)
                                .filter(word -> !word.isEmpty())
                                .toList(),
                v -> true,
                "a list, such as [a, b], or \"a, b\"",
                v -> v);
    }

    Codec codec(String key) {
        String expected = "one of " + String.join(", ", Codecs.names())
                + "; some take the length of a block behind a colon, such as int8:1024";
        String name = read(key, config::getString, v -> true, expected, v -> v);
        try {
            return Codecs.byName(name);
        } catch (IllegalArgumentException wrong) {
            boolean known = Codecs.names().contains(name.split(":", -1)[0]);
            throw new UserError(known ? at(key) + wrong.getMessage() : at(key) + "expected " + expected, wrong);
        }
    }

    <E extends Enum<E>> E choice(String key, Class<E> type) {
        E[] all = type.getEnumConstants();
        String expected = "one of " + Arrays.stream(all).map(Section::word).collect(Collectors.joining(", "));
        String chosen = read(
                key,
                config::getString,
                v -> Arrays.stream(all).anyMatch(each -> word(each).equals(v)),
                expected,
                v -> v);
        return Enum.valueOf(type, chosen.toUpperCase(Locale.ROOT));
    }

    /** Replaces what will be rendered for a key: a default such as "the preset's" became a number. */
    void resolve(String key, Object value) {
        resolved.put(path + "." + key, value);
    }

    /** The error for a value that turned out not to fit after all. */
    UserError unfit(String key, String expected) {
        return new UserError(at(key) + "expected " + expected);
    }

    /** Which key, what it was given, and where. */
    private String at(String key) {
        ConfigValue value = config.getValue(path + "." + key);
        return String.format(
                Locale.ROOT,
                "%s = %s (%s): ",
                path + "." + key,
                value.render(ConfigRenderOptions.concise()),
                Origins.of(value.origin()));
    }

    private <T> T read(
            String key,
            Function<String, T> getter,
            Predicate<T> inRange,
            String expected,
            Function<T, Object> rendered) {
        T value;
        try {
            value = getter.apply(path + "." + key);
        } catch (ConfigException.WrongType | ConfigException.BadValue | ArithmeticException | NumberFormatException e) {
            throw unfit(key, expected);
        }
        if (!inRange.test(value)) {
            throw unfit(key, expected);
        }
        resolved.put(path + "." + key, rendered.apply(value));
        return value;
    }

    private static String range(Number min, Number max) {
        boolean open = max.doubleValue() >= Integer.MAX_VALUE;
        return open ? " of at least " + min : " from " + min + " to " + max;
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
