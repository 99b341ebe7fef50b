package io.murmuration.actors.telemetry;

import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.TraceContext;

/** Nobody listens. Everything it hands out is one object that does nothing. */
final class Silent implements Telemetry {

    private static final Counter COUNTER = times -> {};
    private static final Gauge GAUGE = value -> {};
    private static final Timer TIMER = nanos -> {};

    static final class SilentSpan implements Span {
        @Override
        public TraceContext context() {
            return TraceContext.NONE;
        }

        @Override
        public Span tag(String key, String value) {
            return this;
        }

        @Override
        public Span tag(String key, long value) {
            return this;
        }

        @Override
        public Span fail(String reason) {
            return this;
        }

        @Override
        public void end() {}
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
    public Counter counter(String name, Label... labels) {
        return COUNTER;
    }

    @Override
    public Gauge gauge(String name, Label... labels) {
        return GAUGE;
    }

    @Override
    public Timer timer(String name, Label... labels) {
        return TIMER;
    }
}
