package io.murmuration.cluster.cli;

import io.murmuration.cluster.run.StopSignal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import org.jline.utils.Signals;

/**
 * Ctrl-C, and what an init system or a lost connection sends: the first asks the run to stop at its next step boundary,
 * the second ends the process at once. A shutdown hook would not do: a second Ctrl-C cannot get through to it.
 */
final class Interrupts implements AutoCloseable {

    private static final Map<String, Integer> NUMBERS = new LinkedHashMap<>(Map.of("INT", 2, "TERM", 15, "HUP", 1));

    /**
     * One press may arrive twice, as when a supervisor signals the process and its group. Nobody presses again as fast as
     * this on purpose.
     */
    private static final long SAME_PRESS_NANOS = 250_000_000;

    private final StopSignal stop;
    private final Consumer<String> notice;
    private final String stopping;
    private final String stopped;
    private final IntConsumer exitAtOnce;
    private final LongSupplier nanos;
    private final AtomicInteger first = new AtomicInteger();
    private volatile long firstNanos;
    private final Map<String, Object> before = new LinkedHashMap<>();

    private Interrupts(
            StopSignal stop,
            Consumer<String> notice,
            String stopping,
            String stopped,
            IntConsumer exitAtOnce,
            LongSupplier nanos) {
        this.stop = stop;
        this.notice = notice;
        this.stopping = stopping;
        this.stopped = stopped;
        this.exitAtOnce = exitAtOnce;
        this.nanos = nanos;
    }

    /** Listens until closed, for a run that ends at its next step. */
    static Interrupts listen(StopSignal stop, Consumer<String> notice) {
        return listen(
                stop,
                notice,
                "stopping after this step, then writing a checkpoint; once more to stop at once",
                "stopped at once: steps after the newest checkpoint are lost");
    }

    /**
     * Listens until closed.
     *
     * @param stopping what is said to the first signal
     * @param stopped what is said to the second
     */
    static Interrupts listen(StopSignal stop, Consumer<String> notice, String stopping, String stopped) {
        Interrupts interrupts =
                new Interrupts(stop, notice, stopping, stopped, Runtime.getRuntime()::halt, System::nanoTime);
        NUMBERS.forEach((name, number) ->
                interrupts.before.put(name, Signals.register(name, () -> interrupts.received(number))));
        return interrupts;
    }

    /** For tests: nothing of the process is touched. */
    static Interrupts detached(StopSignal stop, Consumer<String> notice, IntConsumer exitAtOnce, LongSupplier nanos) {
        return new Interrupts(stop, notice, "stopping", "stopped at once", exitAtOnce, nanos);
    }

    void received(int number) {
        if (first.compareAndSet(0, number)) {
            firstNanos = nanos.getAsLong();
            stop.request();
            notice.accept(stopping);
        } else if (nanos.getAsLong() - firstNanos >= SAME_PRESS_NANOS) {
            notice.accept(stopped);
            exitAtOnce.accept(ExitCode.SIGNALLED + number);
        }
    }

    /** What to exit with if something asked to stop. */
    OptionalInt exitCode() {
        return first.get() == 0 ? OptionalInt.empty() : OptionalInt.of(ExitCode.SIGNALLED + first.get());
    }

    @Override
    public void close() {
        before.forEach(Signals::unregister);
    }
}
