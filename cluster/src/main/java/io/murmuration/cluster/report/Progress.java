package io.murmuration.cluster.report;

import io.murmuration.cluster.run.RunListener;
import io.murmuration.cluster.run.RunResult;

/** Shows a run while it goes on. Thread-safe as far as {@link #notice} goes: signals come from other threads. */
public interface Progress extends RunListener, AutoCloseable {

    /** The one that suits the reader: JSON if asked for, a bar for a person, else plain lines. */
    static Progress of(Terminal terminal, boolean json) {
        if (json) {
            return new JsonProgress(terminal);
        }
        return terminal.interactive() ? new BarProgress(terminal) : new PlainProgress(terminal);
    }

    /** Says something besides the figures, in one line. */
    void notice(String line);

    @Override
    default void noticed(String line) {
        notice(line);
    }

    /** The run is over and this is how; comes after {@link #close}. */
    void finished(RunResult result);

    /** No more figures come. */
    @Override
    void close();
}
