package io.murmuration.faults.scenario.file;

import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.Durations;
import io.murmuration.faults.scenario.Place;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a trace: lines {@code time,node,up} or {@code time,node,down}, in any order. A time is a number of seconds, or has
 * a unit (ms, s, m, h). Empty lines, lines that begin with {@code #} and a first line {@code time,...} are skipped.
 */
final class ChurnTrace {

    /** A trace is held in memory. */
    private static final int MOST_LINES = 1_000_000;

    private static final Pattern TIME = Pattern.compile("([0-9]{1,12}(?:\\.[0-9]{1,9})?)\\s*(ms|s|m|h)?");
    private static final Map<String, Long> NANOS =
            Map.of("ms", 1_000_000L, "s", 1_000_000_000L, "m", 60_000_000_000L, "h", 3_600_000_000_000L);

    private ChurnTrace() {}

    static List<Action.Churn.Change> read(World world, Fields fields, String file) {
        List<String> lines;
        Path path;
        try {
            path = world.folder().resolve(file);
            lines = Files.readAllLines(path, StandardCharsets.UTF_8);
        } catch (IOException | InvalidPathException e) {
            throw fields.wrong(
                    "trace", "cannot read the file, which is looked for beside the scenario: " + e.getMessage());
        }
        if (lines.size() > MOST_LINES) {
            throw fields.wrong("trace", "expected at most " + MOST_LINES + " lines, it has " + lines.size());
        }
        List<Action.Churn.Change> changes = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty() && !line.startsWith("#") && !(i == 0 && line.startsWith("time"))) {
                changes.add(change(world, line, new Place(path + ":" + (i + 1))));
            }
        }
        if (changes.isEmpty()) {
            throw fields.wrong("trace", "expected lines time,node,up or time,node,down, there is none");
        }
        changes.sort(Comparator.comparing(Action.Churn.Change::time));
        return changes;
    }

    private static Action.Churn.Change change(World world, String line, Place place) {
        String[] cells = line.split(",", -1);
        if (cells.length != 3) {
            throw new UserError(place + ": expected time,node,up or time,node,down, found " + line);
        }
        Duration time = time(cells[0].strip(), place);
        if (world.duration().isPresent() && time.compareTo(world.duration().get()) >= 0) {
            throw new UserError(place + ": the run ends after "
                    + Durations.text(world.duration().get()) + ", found " + cells[0].strip());
        }
        String node = cells[1].strip();
        if (!world.isNode(node)) {
            throw new UserError(place + ": there is no node " + node + world.near(node));
        }
        return switch (cells[2].strip()) {
            case "up" -> new Action.Churn.Change(time, node, true, place);
            case "down" -> new Action.Churn.Change(time, node, false, place);
            default -> throw new UserError(place + ": expected up or down, found " + cells[2].strip());
        };
    }

    private static Duration time(String text, Place place) {
        Matcher matcher = TIME.matcher(text);
        if (!matcher.matches()) {
            throw new UserError(place + ": expected a time such as 12.5 (seconds) or 3m, found " + text);
        }
        long unit = NANOS.get(matcher.group(2) == null ? "s" : matcher.group(2));
        BigDecimal nanos = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit));
        if (nanos.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new UserError(place + ": expected a time of at most 292 years, found " + text);
        }
        return Duration.ofNanos(nanos.setScale(0, RoundingMode.DOWN).longValueExact());
    }
}
