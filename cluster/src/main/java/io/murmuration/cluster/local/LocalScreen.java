package io.murmuration.cluster.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.report.StatusText;
import io.murmuration.cluster.report.Terminal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Where a cluster is shown: redrawn for a person, in plain lines, or as JSON for programs. Thread-safe. */
public abstract sealed class LocalScreen {

    final Terminal terminal;

    private LocalScreen(Terminal terminal) {
        this.terminal = terminal;
    }

    /** The one that suits the reader. */
    public static LocalScreen of(Terminal terminal, boolean json) {
        if (json) {
            return new OfJson(terminal);
        }
        return terminal.interactive() ? new OfPerson(terminal) : new OfLines(terminal);
    }

    abstract void show(LocalFrame frame);

    /** Something happened to a node, or to all: {@code event} for programs, {@code text} for people. */
    public abstract void tell(String event, String text);

    static String progress(LocalFrame frame) {
        String wire = "  wire " + StatusText.bytes(frame.wireBytes());
        return frame.best()
                .map(status -> StatusText.progress(status) + wire + "  "
                        + status.path("leader").asText("nobody") + " leads  "
                        + status.path("phase").asText())
                .orElse("no node answers yet");
    }

    private static final class OfPerson extends LocalScreen {
        private static final String UP_AND_CLEAR = "\u001b[%dF\u001b[J";

        private List<String> drawn = List.of();

        private OfPerson(Terminal terminal) {
            super(terminal);
        }

        @Override
        synchronized void show(LocalFrame frame) {
            List<String> lines = new ArrayList<>();
            lines.add(progress(frame));
            for (LocalFrame.Row row : frame.rows()) {
                lines.add(String.format(
                        Locale.ROOT,
                        "  %-9s %-28s %-7s %s",
                        row.name(),
                        row.roles(),
                        stages(row.stages()),
                        row.state()));
            }
            erase();
            drawn = lines.stream().map(this::cut).toList();
            drawn.forEach(terminal.out()::println);
            terminal.out().flush();
        }

        @Override
        public synchronized void tell(String event, String text) {
            erase();
            terminal.out().println(text);
            drawn.forEach(terminal.out()::println);
            terminal.out().flush();
        }

        private static String stages(List<Integer> stages) {
            return stages.isEmpty()
                    ? ""
                    : "stage " + stages.stream().map(String::valueOf).collect(Collectors.joining(", "));
        }

        private void erase() {
            if (!drawn.isEmpty()) {
                terminal.out().print(String.format(Locale.ROOT, UP_AND_CLEAR, drawn.size()));
            }
        }

        /** A line that wraps would be two to erase. */
        private String cut(String line) {
            return line.length() < terminal.width() ? line : line.substring(0, terminal.width() - 1);
        }
    }

    private static final class OfLines extends LocalScreen {
        private static final long QUIET = Duration.ofSeconds(5).toNanos();

        private String shown = "";
        private long shownNanos = System.nanoTime() - QUIET;

        private OfLines(Terminal terminal) {
            super(terminal);
        }

        @Override
        synchronized void show(LocalFrame frame) {
            String line = progress(frame);
            if (System.nanoTime() - shownNanos >= QUIET && !line.equals(shown)) {
                shown = line;
                shownNanos = System.nanoTime();
                terminal.out().println(line);
                terminal.out().flush();
            }
        }

        @Override
        public synchronized void tell(String event, String text) {
            terminal.out().println(text);
            terminal.out().flush();
        }
    }

    private static final class OfJson extends LocalScreen {
        private static final ObjectMapper MAPPER = new ObjectMapper();

        private String shown = "";

        private OfJson(Terminal terminal) {
            super(terminal);
        }

        @Override
        synchronized void show(LocalFrame frame) {
            ObjectNode json = MAPPER.createObjectNode().put("event", "status");
            Optional<JsonNode> best = frame.best();
            for (String figure : List.of("step", "steps", "loss", "tokensPerSecond", "phase", "leader", "liveShards")) {
                best.ifPresentOrElse(status -> json.set(figure, status.path(figure)), () -> json.putNull(figure));
            }
            json.put("wireBytes", frame.wireBytes());
            for (LocalFrame.Row row : frame.rows()) {
                ObjectNode node = json.withArray("nodes")
                        .addObject()
                        .put("node", row.name())
                        .put("state", row.state());
                row.stages().forEach(node.putArray("stages")::add);
                row.pid().ifPresentOrElse(pid -> node.put("pid", pid), () -> node.putNull("pid"));
            }
            String line = line(json);
            if (!line.equals(shown)) {
                shown = line;
                print(line);
            }
        }

        @Override
        public synchronized void tell(String event, String text) {
            print(line(MAPPER.createObjectNode().put("event", event).put("text", text)));
        }

        private void print(String line) {
            terminal.out().println(line);
            terminal.out().flush();
        }

        private static String line(JsonNode json) {
            try {
                return MAPPER.writeValueAsString(json);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("a tree of numbers and text is always JSON", e);
            }
        }
    }
}
