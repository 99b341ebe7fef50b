package io.murmuration.faults.simulation.world;

import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.EventLoop.Source;

/**
 * A connection on which nothing gets through: when the transport will try again, and when it gives up. The times of its
 * attempts double from the first, as TCP's do.
 */
final class Silence {

    private final EventLoop loop;
    private final NetworkSettings settings;
    private final String path;
    private boolean silent;
    private long since;
    private EventLoop.Event end;

    Silence(EventLoop loop, NetworkSettings settings, String path) {
        this.loop = loop;
        this.settings = settings;
        this.path = path;
    }

    boolean silent() {
        return silent;
    }

    /** Nothing gets through from now on; unless that ends, {@code broken} is called after the connection's time-out. */
    void begin(Runnable broken) {
        if (!silent) {
            silent = true;
            since = loop.now();
            end = loop.schedule(settings.connectionTimeout().toNanos(), Source.world("silence/" + path), broken);
        }
    }

    void end() {
        if (silent) {
            silent = false;
            end.cancel();
        }
    }

    /** Calls {@code retry} when the transport next tries. */
    void atNextAttempt(long retransmitAfter, Runnable retry) {
        long attempt = since;
        long step = retransmitAfter;
        while (attempt <= loop.now()) {
            attempt += step;
            step = Math.min(2 * step, settings.mostRetransmit().toNanos());
        }
        loop.schedule(attempt - loop.now(), Source.world("retransmit/" + path), retry);
    }
}
