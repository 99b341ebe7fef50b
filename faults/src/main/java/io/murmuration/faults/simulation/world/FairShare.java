package io.murmuration.faults.simulation.world;

import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.EventLoop.Source;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * How transmissions share what they pass: each gets an equal share of every link and of both ends' access, and goes at the
 * least of its shares. (What one cannot use of a share, because it is slower elsewhere, stays unused; so no resource ever
 * carries more than its rate.) Computed anew whenever a transmission begins or ends, so exact for any size.
 */
final class FairShare {

    /** Something with a rate that transmissions share. */
    static final class Resource {
        private Rate rate;
        private final Set<Flow> flows = new LinkedHashSet<>();

        Resource(Rate rate) {
            this.rate = rate;
        }
    }

    /** A transmission under way. */
    static final class Flow {
        private final List<Resource> over;
        private final Runnable done;
        private final Source source;
        private double bitsLeft;
        private double rate;
        private long since;
        private EventLoop.Event end;

        private Flow(List<Resource> over, Source source, double bits, Runnable done) {
            this.over = over;
            this.source = source;
            this.bitsLeft = bits;
            this.done = done;
        }
    }

    private static final double NANOS = 1e9;

    private final EventLoop loop;

    FairShare(EventLoop loop) {
        this.loop = loop;
    }

    /** Whether anything of {@code over} takes time to pass. */
    static boolean limited(List<Resource> over) {
        return over.stream().anyMatch(resource -> resource.rate.limited());
    }

    /** Sends {@code bytes}; {@code done} is called when the last bit is out. */
    Flow start(String path, long bytes, List<Resource> over, Runnable done) {
        Flow flow = new Flow(over, Source.world(path), bytes * (double) Byte.SIZE, done);
        flow.since = loop.now();
        over.forEach(resource -> resource.flows.add(flow));
        rebalance(over);
        return flow;
    }

    /** Gives a transmission up. */
    void stop(Flow flow) {
        flow.end.cancel();
        leave(flow);
    }

    void rate(Resource resource, Rate rate) {
        resource.rate = rate;
        rebalance(List.of(resource));
    }

    /** Nanoseconds for so few {@code bytes} that nobody else notices, beside the transmissions under way. */
    static long nanos(long bytes, List<Resource> over) {
        double rate = Double.POSITIVE_INFINITY;
        for (Resource resource : over) {
            rate = Math.min(rate, resource.rate.bitsPerSecond() / (resource.flows.size() + 1));
        }
        return Math.round(bytes * (double) Byte.SIZE * NANOS / rate);
    }

    private void leave(Flow flow) {
        flow.over.forEach(resource -> resource.flows.remove(flow));
        rebalance(flow.over);
    }

    private void rebalance(List<Resource> touched) {
        Set<Flow> flows = new LinkedHashSet<>();
        touched.forEach(resource -> flows.addAll(resource.flows));
        for (Flow flow : flows) {
            double rate = Double.POSITIVE_INFINITY;
            for (Resource resource : flow.over) {
                rate = Math.min(rate, resource.rate.bitsPerSecond() / resource.flows.size());
            }
            if (rate != flow.rate) {
                retime(flow, rate);
            }
        }
    }

    private void retime(Flow flow, double rate) {
        long now = loop.now();
        if (flow.rate > 0) {
            flow.end.cancel();
            double sent =
                    flow.rate == Double.POSITIVE_INFINITY ? flow.bitsLeft : flow.rate * (now - flow.since) / NANOS;
            flow.bitsLeft = Math.max(0, flow.bitsLeft - sent);
        }
        flow.since = now;
        flow.rate = rate;
        flow.end = loop.schedule(Math.round(flow.bitsLeft * NANOS / rate), flow.source, () -> {
            leave(flow);
            flow.done.run();
        });
    }
}
