package io.murmuration.cluster.transport;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.cluster.config.RunSettings;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Both planes of one process as if there were links between its peers: for every ordered pair a line of bounded rate, which
 * frames of all classes share in order, and then a way of some length. In real time. Control messages and answers are small
 * beside tensors: they take their time but nothing of the rate.
 *
 * <p>Thread-safe. What waits on a line is bounded in frames; what is beyond is refused at once.
 */
public final class SlowLinks implements AutoCloseable {

    private static final double NANOS = 1e9;

    private record Pair(PeerId from, PeerId to) {}

    /** One direction between two peers. */
    private static final class Line {
        /** When all that it has is sent. */
        private long free = System.nanoTime();
        /** When the last of it arrives. */
        private long last = free;
        /** What is on its way, oldest first: two timers for the same moment may go off in either order. */
        private final Queue<Runnable> coming = new ArrayDeque<>();
        /** Frames that have not arrived. */
        private int carried;
    }

    private final RunSettings.Links model;
    private final int most;
    private final Map<Pair, Line> lines = new ConcurrentHashMap<>();
    /** For what is small, answers to frames included: connections of their own, which do not wait for tensors. */
    private final Map<Pair, Line> control = new ConcurrentHashMap<>();

    private final ScheduledThreadPoolExecutor arrivals;

    /** @param most frames that one line carries at a time */
    public SlowLinks(RunSettings.Links model, int most) {
        this.model = model;
        this.most = most;
        this.arrivals = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "murmuration-slow-links");
            thread.setDaemon(true);
            return thread;
        });
        // What is sent as the run ends does not arrive.
        arrivals.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
    }

    /** {@code plane} behind these links; itself if they are none. */
    public DataPlane over(DataPlane plane) {
        if (model.direct()) {
            return plane;
        }
        return new DataPlane() {
            @Override
            public void attach(Member self, Consumer<Delivery> inbox) {
                plane.attach(self, inbox);
            }

            @Override
            public void detach(Member self) {
                plane.detach(self);
            }

            @Override
            public void offer(DataFrame frame, Consumer<Outcome> done) {
                PeerId from = frame.route().from().peer();
                PeerId to = frame.route().to().peer();
                long bytes = (long) frame.payload().size() + frame.extraBytes();
                Line line = line(from, to);
                synchronized (line) {
                    if (line.carried >= most) {
                        done.accept(new Refused(Refusal.of(
                                Refusal.Reason.NO_CREDIT, "the line to " + to + " carries " + most + " frames")));
                        return;
                    }
                    line.carried++;
                }
                carry(line, bytes, () -> {
                    synchronized (line) {
                        line.carried--;
                    }
                    plane.offer(frame, outcome -> carry(control(to, from), 0, () -> done.accept(outcome)));
                });
            }
        };
    }

    /** {@code plane} behind these links; itself if they are none. */
    public ControlPlane over(ControlPlane plane) {
        if (model.direct()) {
            return plane;
        }
        return new ControlPlane() {
            @Override
            public void attach(Member self, Consumer<Envelope> inbox) {
                plane.attach(self, inbox);
            }

            @Override
            public void detach(Member self) {
                plane.detach(self);
            }

            @Override
            public void send(Envelope envelope) {
                PeerId from = envelope.from().peer();
                carry(control(from, envelope.to().peer()), 0, () -> plane.send(envelope));
            }
        };
    }

    private Line control(PeerId from, PeerId to) {
        return control.computeIfAbsent(new Pair(from, to), absent -> new Line());
    }

    private Line line(PeerId from, PeerId to) {
        return lines.computeIfAbsent(new Pair(from, to), absent -> new Line());
    }

    private void carry(Line line, long bytes, Runnable arrived) {
        long jitter = model.jitter().toNanos();
        synchronized (line) {
            long now = System.nanoTime();
            long sent = model.rate() == 0 ? 0 : Math.round(bytes * Byte.SIZE * NANOS / model.rate());
            if (bytes > 0) {
                line.free = (line.free - now > 0 ? line.free : now) + sent;
            }
            long way = model.latency().toNanos()
                    + (jitter == 0 ? 0 : ThreadLocalRandom.current().nextLong(jitter + 1));
            long arrival = (bytes > 0 ? line.free : now) + way;
            line.last = line.last - arrival > 0 ? line.last : arrival;
            line.coming.add(arrived);
            arrivals.schedule(() -> arrive(line), line.last - now, TimeUnit.NANOSECONDS);
        }
    }

    private static void arrive(Line line) {
        Runnable oldest;
        synchronized (line) {
            oldest = line.coming.remove();
        }
        oldest.run();
    }

    /** What is on its way is lost. */
    @Override
    public void close() {
        arrivals.shutdownNow();
    }
}
