package io.murmuration.cluster.run;

import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.TraceContext;
import io.murmuration.actors.telemetry.Span;
import io.murmuration.actors.telemetry.Telemetry;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts, of all that shards say of their work, only by how many versions the parameters of each gradient were too old when it
 * was applied. Thread-safe.
 */
final class GradientAges implements Telemetry {

    /** As the shard has it. */
    private static final String GRADIENTS = "shard.gradients";

    private static final String AGE = "staleness";

    private final ConcurrentHashMap<Long, LongAdder> counts = new ConcurrentHashMap<>();

    /** Gradients of microbatches, over all shards, by age in versions. */
    SortedMap<Long, Long> counts() {
        SortedMap<Long, Long> now = new TreeMap<>();
        counts.forEach((age, count) -> now.put(age, count.sum()));
        return Collections.unmodifiableSortedMap(now);
    }

    @Override
    public Counter counter(String name, Label... labels) {
        if (name.equals(GRADIENTS)) {
            for (Label label : labels) {
                if (label.key().equals(AGE)) {
                    return counts.computeIfAbsent(Long.valueOf(label.value()), age -> new LongAdder())::add;
                }
            }
        }
        return OFF.counter(name, labels);
    }

    @Override
    public Span follow(String name, MicrobatchId id) {
        return Span.NONE;
    }

    @Override
    public Span trace(String name) {
        return Span.NONE;
    }

    @Override
    public Span span(String name, TraceContext parent) {
        return Span.NONE;
    }

    @Override
    public Gauge gauge(String name, Label... labels) {
        return OFF.gauge(name, labels);
    }

    @Override
    public Timer timer(String name, Label... labels) {
        return OFF.timer(name, labels);
    }
}
