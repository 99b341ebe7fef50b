package io.murmuration.cluster.config;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The keys that exist: those of {@code reference.conf}, which is the schema. Everything else is refused, with the nearest
 * key that exists.
 */
final class KnownKeys {

    static final String ROOT = "murmuration";

    /** Path below the root, and whether it is a section. */
    private final SortedMap<String, Boolean> sections = new TreeMap<>();

    /** @param reference what is below {@code murmuration} in {@code reference.conf} */
    KnownKeys(ConfigObject reference) {
        collect("", reference);
    }

    /** Keys that hold a value, as paths below the root. */
    List<String> leaves() {
        return sections.entrySet().stream()
                .filter(entry -> !entry.getValue())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** @throws UserError naming the first key that does not exist, or is a section where a value is due or the reverse */
    void check(ConfigObject given) {
        check("", given);
    }

    /** @throws UserError if {@code path}, below the root, holds no value */
    void checkLeaf(String path, String origin) {
        if (!Boolean.FALSE.equals(sections.get(path))) {
            throw unknown(path, origin);
        }
    }

    private void check(String prefix, ConfigObject object) {
        for (Map.Entry<String, ConfigValue> entry : new TreeMap<>(object).entrySet()) {
            String path = prefix + entry.getKey();
            ConfigValue value = entry.getValue();
            Boolean section = sections.get(path);
            if (section == null) {
                throw unknown(path, Origins.of(value.origin()));
            }
            if (value.valueType() == ConfigValueType.NULL) {
                throw new UserError(ROOT + "." + path + " (" + Origins.of(value.origin()) + "): has no value");
            }
            boolean isObject = value.valueType() == ConfigValueType.OBJECT;
            if (section != isObject) {
                throw new UserError((ROOT + "." + path + " (" + Origins.of(value.origin()) + "): expected ")
                        + (section ? "a section with keys such as " + firstIn(path) : "a value, not a section"));
            }
            if (isObject) {
                check(path + ".", (ConfigObject) value);
            }
        }
    }

    private UserError unknown(String path, String origin) {
        return new UserError("unknown key " + ROOT + "." + path + " (" + origin + "); the nearest known key is " + ROOT
                + "." + nearest(path));
    }

    /** The leaf with the fewest letters to change, in the whole path or in its last word (in a wrong section). */
    String nearest(String path) {
        return leaves().stream()
                .min(Comparator.comparingInt((String known) ->
                        Math.min(Nearest.distance(path, known), 1 + Nearest.distance(lastWord(path), lastWord(known)))))
                .orElseThrow();
    }

    private String firstIn(String section) {
        return leaves().stream()
                .filter(leaf -> leaf.startsWith(section + "."))
                .findFirst()
                .map(leaf -> ROOT + "." + leaf)
                .orElseThrow();
    }

    private void collect(String prefix, ConfigObject object) {
        for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
            boolean section = entry.getValue().valueType() == ConfigValueType.OBJECT;
            sections.put(prefix + entry.getKey(), section);
            if (section) {
                collect(prefix + entry.getKey() + ".", (ConfigObject) entry.getValue());
            }
        }
    }

    private static String lastWord(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }
}
