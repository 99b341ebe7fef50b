package io.murmuration.faults.byhand;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that stands still (SIGSTOP) until this is closed, or until this JVM ends, however it ends: a process that is
 * stopped does not notice that its input has ended, and would stay for good. So a shell holds it and lets it go (SIGCONT) when
 * its own input ends.
 */
final class Frozen implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Frozen.class);

    /** Signals to the whole group, as Ctrl-C sends them, must not end who has to let go. */
    private static final String HOLD =
            "trap '' INT TERM HUP; kill -STOP \"$0\" && echo held && read -r end; kill -CONT \"$0\"";

    private static final long PATIENCE_SECONDS = 10;

    private final Process holder;

    private Frozen(Process holder) {
        this.holder = holder;
    }

    /** @throws IllegalStateException if it cannot be stopped */
    static Frozen hold(long pid) {
        try {
            Process holder = new ProcessBuilder("sh", "-c", HOLD, String.valueOf(pid))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String said = holder.inputReader(StandardCharsets.UTF_8).readLine();
            if (!"held".equals(said)) {
                throw new IllegalStateException("process " + pid + " cannot be stopped: kill -STOP did not work");
            }
            return new Frozen(holder);
        } catch (IOException e) {
            throw new UncheckedIOException("the command sh cannot be run", e);
        }
    }

    @Override
    public void close() {
        try {
            holder.getOutputStream().close();
            if (!holder.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("process {}, which holds a frozen one, does not end", holder.pid());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("a frozen process cannot be let go", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
