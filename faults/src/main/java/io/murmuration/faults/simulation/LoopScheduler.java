package io.murmuration.faults.simulation;

import com.typesafe.config.Config;
import io.murmuration.faults.simulation.EventLoop.Source;
import java.util.concurrent.ThreadFactory;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.Scheduler;
import org.apache.pekko.event.LoggingAdapter;
import scala.concurrent.ExecutionContext;
import scala.concurrent.duration.FiniteDuration;

/**
 * Pekko's scheduler in virtual time. A timer belongs to the node whose actor asked for it, so it is held while the node is
 * frozen and dropped with its life. Made by Pekko; the loop comes with the first dispatcher, before any timer.
 */
public final class LoopScheduler implements Scheduler {

    private static final String TIMER = "#timer";

    private static final double NANOS_PER_SECOND = 1e9;

    private EventLoop loop;

    /** The arguments that Pekko passes; none is needed. */
    public LoopScheduler(Config config, LoggingAdapter log, ThreadFactory threads) {}

    void bind(EventLoop world) {
        loop = world;
    }

    @Override
    public Cancellable scheduleOnce(FiniteDuration delay, Runnable task, ExecutionContext executor) {
        return new Timer(loop.schedule(Math.max(0, delay.toNanos()), source(), task));
    }

    @Override
    @SuppressWarnings("deprecation") // the one to implement all the same
    public Cancellable schedule(
            FiniteDuration initialDelay, FiniteDuration interval, Runnable task, ExecutionContext executor) {
        // In virtual time nothing is ever late, so a fixed rate is a fixed delay.
        return scheduleWithFixedDelay(initialDelay, interval, task, executor);
    }

    @Override
    public double maxFrequency() {
        return NANOS_PER_SECOND;
    }

    private Source source() {
        Source by = loop.current();
        // The slash at the front is for mailboxes alone.
        int from = by.isMailbox() ? 1 : 0;
        return by.path().endsWith(TIMER)
                ? by
                : new Source(by.node(), by.life(), by.path().substring(from) + TIMER);
    }

    private static final class Timer implements Cancellable {
        private final EventLoop.Event event;
        private boolean cancelled;

        private Timer(EventLoop.Event event) {
            this.event = event;
        }

        @Override
        public boolean cancel() {
            boolean first = event.cancel();
            cancelled |= first;
            return first;
        }

        @Override
        public boolean isCancelled() {
            return cancelled;
        }
    }
}
