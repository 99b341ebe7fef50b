package io.murmuration.actors.telemetry;

import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.TraceContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Follows every microbatch of even index and remembers all spans. */
final class RecordedTelemetry implements Telemetry {

    static final class Recorded implements Span {
        final String name;
        final TraceContext parent;
        final TraceContext context;
        final Map<String, String> tags = new TreeMap<>();
        final List<String> failures = new ArrayList<>();
        int ends;

        private Recorded(String name, TraceContext parent, TraceContext context) {
            this.name = name;
            this.parent = parent;
            this.context = context;
        }

        @Override
        public TraceContext context() {
            return context;
        }

        @Override
        public Span tag(String key, String value) {
            tags.put(key, value);
            return this;
        }

        @Override
        public Span tag(String key, long value) {
            return tag(key, String.valueOf(value));
        }

        @Override
        public Span fail(String reason) {
            failures.add(reason);
            return this;
        }

        @Override
        public void end() {
            ends++;
        }
    }

    final List<Recorded> spans = new CopyOnWriteArrayList<>();

    Recorded named(String name) {
        return spans.stream()
                .filter(span -> span.name.equals(name))
                .reduce((before, last) -> last)
                .orElseThrow(() -> new AssertionError("no span " + name));
    }

    private Span begin(String name, TraceContext parent) {
        long id = spans.size() + 1;
        long trace = parent.followed() ? parent.traceLow() : id;
        Recorded span = new Recorded(name, parent, new TraceContext(7, trace, id, true));
        spans.add(span);
        return span;
    }

    @Override
    public Span follow(String name, MicrobatchId id) {
        return id.index() % 2 == 0 ? begin(name, TraceContext.NONE) : Span.NONE;
    }

    @Override
    public Span trace(String name) {
        return begin(name, TraceContext.NONE);
    }

    @Override
    public Span span(String name, TraceContext parent) {
        return parent.followed() ? begin(name, parent) : Span.NONE;
    }

    @Override
    public Counter counter(String name, Label... labels) {
        return OFF.counter(name, labels);
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
