package io.murmuration.faults.scenario.file;

import com.typesafe.config.ConfigValueType;
import io.murmuration.faults.scenario.Jitter;
import io.murmuration.faults.scenario.LinkChange;
import io.murmuration.faults.scenario.LinkSettings;
import io.murmuration.faults.scenario.Links;
import io.murmuration.faults.scenario.Loss;
import io.murmuration.faults.scenario.Place;
import io.murmuration.faults.scenario.Rates;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code links}, and links in events. One way wins over both ways, both ways over the default. */
final class LinksReader {

    private static final String DEFAULT = "default";
    private static final Pattern PAIR = Pattern.compile("\\s*(.+?)\\s*(->|--)\\s*(.+?)\\s*");
    private static final String RATE = "a rate such as 200Mbps, at most 1000Gbps";

    private final List<String> regions;

    LinksReader(List<String> regions) {
        this.regions = regions;
    }

    Links links(Optional<Fields> section) {
        if (section.isEmpty()) {
            return new Links(LinkSettings.DEFAULT, Map.of());
        }
        Fields fields = section.get();
        LinkSettings defaults = fields.section(DEFAULT)
                .map(LinksReader::change)
                .map(change -> change.on(LinkSettings.DEFAULT))
                .orElse(LinkSettings.DEFAULT);
        Map<Links.Pair, LinkSettings> pairs = new TreeMap<>();
        patches(fields, "--").forEach((pair, change) -> pairs.put(pair, change.on(defaults)));
        patches(fields, "->").forEach((pair, change) -> pairs.put(pair, change.on(pairs.getOrDefault(pair, defaults))));
        refuseOthers(fields);
        return new Links(defaults, pairs);
    }

    /** Notes where each link is written; what is one way is closer than what is both ways. */
    void places(Fields fields, Map<String, Place> places) {
        for (String sign : List.of("--", "->")) {
            for (String key : fields.keys()) {
                Matcher matcher = PAIR.matcher(key);
                if (key.equals(DEFAULT)) {
                    places.put("links." + DEFAULT, fields.place(key));
                } else if (matcher.matches() && matcher.group(2).equals(sign)) {
                    Links.Pair there = new Links.Pair(matcher.group(1), matcher.group(3));
                    places.put("links." + there, fields.place(key));
                    if (sign.equals("--")) {
                        places.put("links." + new Links.Pair(there.to(), there.from()), fields.place(key));
                    }
                }
            }
        }
    }

    /** The changes of an event: pairs, and {@code default} for every pair; the closer one wins, property by property. */
    Map<Links.Pair, LinkChange> changes(Fields fields) {
        Map<Links.Pair, LinkChange> changes = new TreeMap<>();
        fields.section(DEFAULT).map(LinksReader::change).ifPresent(change -> {
            for (String from : regions) {
                for (String to : regions) {
                    changes.put(new Links.Pair(from, to), change);
                }
            }
        });
        patches(fields, "--").forEach((pair, change) -> changes.merge(pair, change, (general, own) -> own.or(general)));
        patches(fields, "->").forEach((pair, change) -> changes.merge(pair, change, (general, own) -> own.or(general)));
        if (changes.isEmpty()) {
            throw fields.missing("\"a->b\"", "{ loss = 0.1 }, with the names of two regions (or \"a--b\", or default)");
        }
        return changes;
    }

    /** Those keys that join two regions by that sign. */
    private Map<Links.Pair, LinkChange> patches(Fields fields, String sign) {
        Map<Links.Pair, LinkChange> patches = new TreeMap<>();
        for (String key : fields.keys()) {
            Matcher matcher = PAIR.matcher(key);
            if (!matcher.matches() || !matcher.group(2).equals(sign)) {
                continue;
            }
            Links.Pair there =
                    new Links.Pair(region(fields, key, matcher.group(1)), region(fields, key, matcher.group(3)));
            Links.Pair back = new Links.Pair(there.to(), there.from());
            LinkChange change = change(fields.section(key).orElseThrow());
            boolean twice = patches.put(there, change) != null;
            if (sign.equals("--") && !back.equals(there)) {
                twice |= patches.put(back, change) != null;
            }
            if (twice) {
                throw fields.wrong(key, "this link is there twice");
            }
        }
        return patches;
    }

    private String region(Fields fields, String key, String region) {
        if (!regions.contains(region)) {
            throw fields.wrong(
                    key, "there is no region " + region + "; the nodes are in " + String.join(", ", regions));
        }
        return region;
    }

    private static void refuseOthers(Fields fields) {
        for (String key : fields.keys()) {
            if (!key.equals(DEFAULT) && !PAIR.matcher(key).matches()) {
                throw fields.wrong(key, "expected default, or two regions: \"a->b\" one way, \"a--b\" both");
            }
        }
    }

    private static LinkChange change(Fields fields) {
        LinkChange change = new LinkChange(
                fields.time("latency"),
                jitter(fields),
                rate(fields, "rate"),
                loss(fields),
                fields.probability("corrupt"),
                fields.probability("duplicate"),
                fields.probability("reorder"));
        fields.finish();
        return change;
    }

    static Optional<Long> rate(Fields fields, String key) {
        return fields.parsed(
                key,
                text -> {
                    OptionalLong rate = Rates.parse(text);
                    return rate.isPresent() ? Optional.of(rate.getAsLong()) : Optional.empty();
                },
                RATE);
    }

    /** A time alone: so much more or less, evenly. */
    private static Optional<Jitter> jitter(Fields fields) {
        String key = "jitter";
        if (!isSection(fields, key)) {
            return fields.time(key).map(size -> new Jitter(Jitter.Distribution.UNIFORM, size));
        }
        Fields jitter = fields.section(key).orElseThrow();
        Jitter.Distribution distribution = jitter.choice("distribution", Jitter.Distribution.class)
                .orElseThrow(() -> jitter.missing("distribution", "normal, uniform or exponential"));
        String size =
                switch (distribution) {
                    case NORMAL -> "sd";
                    case UNIFORM -> "range";
                    case EXPONENTIAL -> "mean";
                };
        Jitter result = new Jitter(
                distribution, jitter.time(size).orElseThrow(() -> jitter.missing(size, "a time such as 8ms")));
        jitter.finish();
        return Optional.of(result);
    }

    /** A number alone: each message on its own. */
    private static Optional<Loss> loss(Fields fields) {
        String key = "loss";
        if (!isSection(fields, key)) {
            return fields.probability(key).map(Loss.Independent::new);
        }
        Fields loss = fields.section(key).orElseThrow();
        String model = loss.required("model", "gilbert-elliott");
        if (!model.equals("gilbert-elliott")) {
            throw loss.unfit("model", "gilbert-elliott (a number in place of the section is an independent loss)");
        }
        Loss result = new Loss.GilbertElliott(
                loss.probability("p").orElseThrow(() -> loss.missing("p", "probability to turn bad")),
                loss.probability("r").orElseThrow(() -> loss.missing("r", "probability to turn good")),
                loss.probability("good").orElse(0.0),
                loss.probability("bad").orElse(1.0));
        loss.finish();
        return Optional.of(result);
    }

    private static boolean isSection(Fields fields, String key) {
        return fields.value(key)
                .filter(value -> value.valueType() == ConfigValueType.OBJECT)
                .isPresent();
    }
}
