package io.murmuration.cluster.compute;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a checkpoint says of the run that made it, beside the model: settings whose names begin with {@link #PREFIX}. Weights
 * that were learnt with others are those of another run.
 */
public final class RunMarks {

    /** Of the names of settings that have to agree. */
    public static final String PREFIX = "run.";

    private RunMarks() {}

    /**
     * @param stored what a checkpoint notes
     * @param own what this run would note; without marks of its own it takes any
     * @return each difference in words; empty: the same run
     */
    public static List<String> differences(Map<String, String> stored, Map<String, String> own) {
        List<String> different = new ArrayList<>();
        own.entrySet().stream()
                .filter(setting -> setting.getKey().startsWith(PREFIX))
                .filter(setting -> !setting.getValue().equals(stored.get(setting.getKey())))
                .sorted(Map.Entry.comparingByKey())
                .forEach(setting -> different.add(setting.getKey().substring(PREFIX.length()) + " was "
                        + stored.getOrDefault(setting.getKey(), "not noted") + " and is " + setting.getValue()));
        return different;
    }
}
