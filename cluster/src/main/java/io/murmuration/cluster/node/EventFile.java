package io.murmuration.cluster.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.report.Reasons;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.function.Consumer;

/**
 * {@code events.jsonl} of a node: one JSON object a line, flushed as it is written, in one file over all lives. When it is
 * full it becomes {@code events.1.jsonl}, in place of the one before, so that both together have at most twice the size that is
 * given. What cannot be written is reported once; the node goes on. Thread-safe.
 */
final class EventFile implements AutoCloseable {

    static final String NAME = "events.jsonl";
    static final String OLDER = "events.1.jsonl";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Path file;
    private final Path older;
    private final long most;
    private final InstantSource clock;
    private final Consumer<String> complaints;
    private OutputStream out = OutputStream.nullOutputStream();
    private long written;
    private boolean complained;
    /** A line may have been cut short, by a full disk or the end of the process; the next one begins anew. */
    private boolean torn;

    /**
     * @param folder made if it is not there
     * @param most bytes of a file
     * @param complaints gets one line when something cannot be written for the first time
     */
    EventFile(Path folder, long most, InstantSource clock, Consumer<String> complaints) {
        this.file = folder.resolve(NAME);
        this.older = folder.resolve(OLDER);
        this.most = most;
        this.clock = clock;
        this.complaints = complaints;
        try {
            Files.createDirectories(folder);
            open();
        } catch (IOException e) {
            complain(e);
        }
    }

    /** An event without anything but its name. */
    static ObjectNode event(String name) {
        return MAPPER.createObjectNode().put("event", name);
    }

    /** Adds the time, milliseconds since 1970, and appends the line. */
    synchronized void write(ObjectNode event) {
        String line = text(event.put("time", clock.millis())) + "\n";
        byte[] bytes = (torn ? "\n" + line : line).getBytes(StandardCharsets.UTF_8);
        try {
            if (written > 0 && written + bytes.length > most) {
                out.close();
                Files.move(file, older, StandardCopyOption.REPLACE_EXISTING);
                open();
            }
            out.write(bytes);
            out.flush();
            written += bytes.length;
            torn = false;
        } catch (IOException e) {
            torn = true;
            complain(e);
        }
    }

    private void open() throws IOException {
        out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        written = Files.size(file);
        torn = written > 0;
    }

    private static String text(ObjectNode event) {
        try {
            return MAPPER.writeValueAsString(event);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of numbers and text is always JSON", e);
        }
    }

    private void complain(IOException e) {
        if (!complained) {
            complained = true;
            complaints.accept("cannot write " + file + ": " + Reasons.of(e) + "; the node goes on");
        }
    }

    @Override
    public synchronized void close() {
        try {
            out.close();
        } catch (IOException e) {
            complain(e);
        }
        out = OutputStream.nullOutputStream();
    }
}
