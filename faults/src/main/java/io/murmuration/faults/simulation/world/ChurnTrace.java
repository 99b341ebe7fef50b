package io.murmuration.faults.simulation.world;

import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.EventLoop.Source;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * When which node comes and goes, as it was recorded: lines {@code time,node,up|down} in the order of their times. A time is
 * seconds since the start, or a number with ns, us, ms, s, m or h. A first line that says {@code time,node,...}, empty
 * lines and lines that begin with # are passed over. A node may be told to be what it is already.
 *
 * @param entries in the order of their times
 */
public record ChurnTrace(List<Entry> entries) {

    /** At {@code time} after the start {@code node} comes or goes. */
    public record Entry(Duration time, String node, boolean up) {}

    /** A trace has no more lines: it is read at once, and each becomes an event. */
    public static final int MAX_LINES = 1_000_000;

    /** Nothing is simulated for longer. */
    private static final Duration LATEST = Duration.ofDays(365);

    private static final Map<String, Long> NANOS = new TreeMap<>(Map.of(
            "ns", 1L,
            "us", 1_000L,
            "ms", 1_000_000L,
            "s", 1_000_000_000L,
            "m", 60_000_000_000L,
            "h", 3_600_000_000_000L));

    public ChurnTrace {
        entries = List.copyOf(entries);
    }

    /** @throws TraceException if the file cannot be read or is no trace */
    public static ChurnTrace read(Path file) {
        try {
            return parse(file.toString(), Files.readAllLines(file));
        } catch (MalformedInputException e) {
            throw new TraceException(file + ": a churn trace is UTF-8, and this is not");
        } catch (IOException e) {
            throw new TraceException(file + ": cannot be read: " + e.getMessage());
        }
    }

    /**
     * @param source name of the file, for errors
     * @throws TraceException with source and line of the first error
     */
    public static ChurnTrace parse(String source, List<String> lines) {
        if (lines.size() > MAX_LINES) {
            throw new TraceException(
                    source + ": a churn trace has at most " + MAX_LINES + " lines, got " + lines.size());
        }
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            boolean heading = entries.isEmpty() && line.startsWith("time,node,");
            if (line.isEmpty() || line.startsWith("#") || heading) {
                continue;
            }
            String where = source + ":" + (i + 1) + ": ";
            Entry entry = entry(where, line);
            if (!entries.isEmpty() && entry.time().compareTo(entries.getLast().time()) < 0) {
                throw new TraceException(where + "times never go back, got " + line + " after "
                        + entries.getLast().time().toMillis() + " ms");
            }
            entries.add(entry);
        }
        return new ChurnTrace(entries);
    }

    private static Entry entry(String where, String line) {
        String[] fields = line.split(",", -1);
        if (fields.length != 3) {
            throw new TraceException(where + "expected time,node,up|down, got " + line);
        }
        String node = fields[1].strip();
        String state = fields[2].strip();
        if (node.isEmpty()) {
            throw new TraceException(where + "expected the name of a node between the commas, got " + line);
        }
        if (!state.equals("up") && !state.equals("down")) {
            throw new TraceException(where + "expected up or down, got '" + state + "'");
        }
        return new Entry(time(where, fields[0].strip()), node, state.equals("up"));
    }

    private static Duration time(String where, String text) {
        int end = text.length();
        while (end > 0 && Character.isLetter(text.charAt(end - 1))) {
            end--;
        }
        Long unit = NANOS.get(end == text.length() ? "s" : text.substring(end));
        try {
            BigDecimal nanos = new BigDecimal(text.substring(0, end).strip())
                    .multiply(BigDecimal.valueOf(unit == null ? 0 : unit));
            if (unit != null && nanos.signum() >= 0 && nanos.compareTo(BigDecimal.valueOf(LATEST.toNanos())) <= 0) {
                return Duration.ofNanos(nanos.longValue());
            }
        } catch (NumberFormatException e) {
            throw new TraceException(where + "expected a time in seconds, got '" + text + "'");
        }
        throw new TraceException(where
                + "expected a time in seconds from 0 to a year, or with ns, us, ms, s, m or h, got '" + text + "'");
    }

    /** @throws TraceException if an entry names a node that is not among {@code nodes} */
    public void check(String source, Set<String> nodes) {
        for (Entry entry : entries) {
            if (!nodes.contains(entry.node())) {
                throw new TraceException(source + ": there is no node '" + entry.node() + "'");
            }
        }
    }

    /** Carries out every entry at its time after now. */
    public void play(EventLoop loop, Consumer<Entry> carryOut) {
        for (Entry entry : entries) {
            loop.schedule(
                    entry.time().toNanos(),
                    Source.world("churn/" + entry.node() + (entry.up() ? "/up" : "/down")),
                    () -> carryOut.accept(entry));
        }
    }
}
