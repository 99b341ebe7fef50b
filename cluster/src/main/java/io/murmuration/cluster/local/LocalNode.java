package io.murmuration.cluster.local;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.http.ApiClient;
import io.murmuration.cluster.local.LocalPlan.Planned;
import io.murmuration.cluster.report.Reasons;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One node over its processes. One thread gives the orders; {@link #view} is written by another. */
final class LocalNode implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LocalNode.class);

    private static final Duration ASK = Duration.ofSeconds(2);
    private static final long PAUSE_MILLIS = 1000;
    private static final int LONGEST_LINE = 4096;

    private final Planned planned;
    private final List<String> command;
    private final Path out;
    private final Path err;
    private final ApiClient api;
    private final Thread watcher;
    private volatile Optional<JsonNode> view = Optional.empty();
    private volatile boolean watched = true;
    private Optional<Process> process = Optional.empty();
    private boolean killed;

    /** @param folder of the cluster; the node's output goes beside the node's own folder */
    LocalNode(Planned planned, List<String> command, Path folder) {
        this.planned = planned;
        this.command = command;
        this.out = folder.resolve(planned.name() + ".out");
        this.err = folder.resolve(planned.name() + ".err");
        this.api = new ApiClient(planned.url(), Optional.empty(), Optional.empty());
        this.watcher =
                Thread.ofVirtual().name("murmuration-watch-" + planned.name()).start(this::watch);
    }

    private void watch() {
        try {
            while (watched) {
                view = ask();
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Optional<JsonNode> ask() {
        try {
            ApiClient.Reply reply = api.status(ASK);
            return reply.ok() ? Optional.of(reply.json()) : Optional.empty();
        } catch (UserError e) {
            LOG.debug("{} cannot be asked: {}", planned.name(), e.getMessage());
            return Optional.empty(); // dead, or not there yet: that is what an empty view says
        }
    }

    Planned planned() {
        return planned;
    }

    String name() {
        return planned.name();
    }

    /** What the node says of itself and the run; empty if it does not answer. */
    Optional<JsonNode> view() {
        return isAlive() ? view : Optional.empty();
    }

    /** @throws UserError if the process cannot be started */
    void start() {
        try {
            process = Optional.of(new ProcessBuilder(command)
                    .redirectOutput(Redirect.appendTo(out.toFile()))
                    .redirectError(Redirect.appendTo(err.toFile()))
                    .start());
            killed = false;
        } catch (IOException e) {
            throw new UserError("cannot start " + command.getFirst() + " for " + name() + ": " + Reasons.of(e), e);
        }
    }

    boolean isAlive() {
        return process.filter(Process::isAlive).isPresent();
    }

    Optional<Long> pid() {
        return process.filter(Process::isAlive).map(Process::pid);
    }

    /** As a machine that loses its power. Takes the kernel moments, also where the process is frozen. */
    void kill() {
        killed = true;
        view = Optional.empty();
        process.ifPresent(running -> running.destroyForcibly().onExit().join());
    }

    boolean wasKilled() {
        return killed;
    }

    /** Its input ends, upon which it leaves; a signal would come on top of the one that Ctrl-C sends to all. */
    void askToGo() {
        process.filter(Process::isAlive).ifPresent(running -> {
            try {
                running.getOutputStream().close();
            } catch (IOException e) {
                LOG.warn("{} cannot be asked to go and is killed: {}", name(), e.toString());
                running.destroyForcibly();
            }
        });
    }

    /** @return whether it has ended by then */
    boolean ended(long deadlineNanos) throws InterruptedException {
        return process.isEmpty()
                || process.get().waitFor(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    /** Of a process that has ended. */
    int exitCode() {
        return process.map(Process::exitValue).orElse(0);
    }

    /** The last that it said. */
    String lastLine() {
        return lastLine(out);
    }

    /** The last that it complained about. */
    String lastError() {
        return lastLine(err);
    }

    private static String lastLine(Path file) {
        try (RandomAccessFile text = new RandomAccessFile(file.toFile(), "r")) {
            byte[] tail = new byte[(int) Math.min(text.length(), LONGEST_LINE)];
            text.seek(text.length() - tail.length);
            text.readFully(tail);
            return new String(tail, StandardCharsets.UTF_8)
                    .strip()
                    .lines()
                    .reduce((before, last) -> last)
                    .orElse("");
        } catch (IOException e) {
            return "(" + file + " cannot be read: " + Reasons.of(e) + ")";
        }
    }

    @Override
    public void close() {
        watched = false;
        watcher.interrupt();
        process.filter(Process::isAlive).ifPresent(Process::destroyForcibly);
        api.close();
    }
}
