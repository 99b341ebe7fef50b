package io.murmuration.faults.scenario;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Times as people write them: {@code 1m 30s}, {@code 250ms}. */
public final class Durations {

    private static final Map<String, Long> UNITS = units();

    private Durations() {}

    private static Map<String, Long> units() {
        Map<String, Long> units = new LinkedHashMap<>();
        units.put("h", 3_600_000_000_000L);
        units.put("m", 60_000_000_000L);
        units.put("s", 1_000_000_000L);
        units.put("ms", 1_000_000L);
        units.put("us", 1_000L);
        units.put("ns", 1L);
        return units;
    }

    /** Nothing is rounded; zero is {@code 0s}. */
    public static String text(Duration duration) {
        long left = duration.abs().toNanos();
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Long> unit : UNITS.entrySet()) {
            long count = left / unit.getValue();
            if (count > 0) {
                text.append(text.isEmpty() ? "" : " ").append(count).append(unit.getKey());
                left -= count * unit.getValue();
            }
        }
        return (duration.isNegative() ? "-" : "") + (text.isEmpty() ? "0s" : text);
    }
}
