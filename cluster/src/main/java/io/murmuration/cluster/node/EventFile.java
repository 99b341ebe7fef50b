package io.murmuration.cluster.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.report.Reasons;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code events.jsonl} of a node: one JSON object a line, flushed as it is written, in one file over all lives. A thread of its own
 * writes, because actors tell of events, and a disk that hangs must not stop them: what does not fit into the queue meanwhile is
 * lost, counted, and said once. What cannot be written is reported once; the node goes on. Thread-safe.
 */
final class EventFile implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EventFile.class);

    static final String NAME = "events.jsonl";
    static final String OLDER = "events.1.jsonl";

    /** Lines that may wait to be written: a busy node's of some minutes, at most some MiB. */
    static final int MOST_WAITING = 8192;

    /** How long the lines that wait may take at the end of a life. */
    private static final Duration FLUSH = Duration.ofSeconds(5);

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Where lines go; asked by one thread. */
    interface Lines {

        /** @throws IOException if it cannot be written; the next one is tried all the same */
        void append(String line) throws IOException;

        void close() throws IOException;
    }

    /** What ends the queue; no event is the empty line. */
    private static final String END = "";

    private final Lines lines;
    private final InstantSource clock;
    private final Consumer<String> complaints;
    private final int mostWaiting;
    private final Duration flush;
    private final BlockingQueue<String> waiting = new LinkedBlockingQueue<>();
    private final AtomicLong lost = new AtomicLong();
    private final Thread writer;
    private boolean closed;
    /** Nobody waits any more for what is not written. */
    private volatile boolean abandoned;

    private boolean complained;

    /**
     * @param folder made if it is not there
     * @param most bytes of a file; see {@link RolledFile}
     * @param complaints gets one line when something cannot be written for the first time
     */
    EventFile(Path folder, long most, InstantSource clock, Consumer<String> complaints) {
        this(new RolledFile(folder.resolve(NAME), folder.resolve(OLDER), most), clock, complaints, MOST_WAITING, FLUSH);
    }

    /**
     * @param mostWaiting lines that may wait
     * @param flush how long they may take at the end
     */
    EventFile(Lines lines, InstantSource clock, Consumer<String> complaints, int mostWaiting, Duration flush) {
        this.lines = lines;
        this.clock = clock;
        this.complaints = complaints;
        this.mostWaiting = mostWaiting;
        this.flush = flush;
        // Of a disk that never answers: it must not keep the process.
        this.writer = Thread.ofPlatform().daemon().name("murmuration-events").start(this::write);
    }

    /** An event without anything but its name. */
    static ObjectNode event(String name) {
        return MAPPER.createObjectNode().put("event", name);
    }

    /** Adds the time, milliseconds since 1970, and hands the line to who writes; never waits for the disk. */
    void write(ObjectNode event) {
        String line = text(event.put("time", clock.millis()));
        boolean first;
        synchronized (this) {
            if (closed) {
                return;
            }
            if (waiting.size() < mostWaiting) {
                waiting.add(line);
                return;
            }
            first = lost.incrementAndGet() == 1;
        }
        if (first) {
            LOG.warn(
                    "{}: {} events wait to be written, the disk is too slow or hangs; further ones are lost and counted",
                    lines,
                    mostWaiting);
        }
    }

    /** Events that found no place. */
    long lost() {
        return lost.get();
    }

    private void write() {
        try {
            for (String line = waiting.take(); !line.equals(END) && !abandoned; line = waiting.take()) {
                try {
                    lines.append(line);
                } catch (IOException e) {
                    complain(e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            lines.close();
        } catch (IOException e) {
            complain(e);
        }
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
            complaints.accept("cannot write " + lines + ": " + Reasons.of(e) + "; the node goes on");
        }
    }

    /** Waits until all is written, but not for long. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            waiting.add(END);
        }
        try {
            TimeUnit.NANOSECONDS.timedJoin(writer, flush.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        abandoned = true;
        int left = writer.isAlive() ? waiting.size() - 1 : 0;
        if (lost.get() + left > 0) {
            LOG.warn("{}: {} events were lost, and {} not written in time", lines, lost.get(), Math.max(left, 0));
        }
    }
}
