package io.murmuration.cluster.telemetry;

import io.murmuration.actors.protocol.TraceContext;
import io.murmuration.actors.telemetry.Span;
import java.nio.ByteBuffer;
import kamon.trace.Identifier;

/** A span of Kamon's, which takes no notice of anything after its end. */
final class KamonSpan implements Span {

    private final kamon.trace.Span span;
    private final TraceContext context;

    KamonSpan(kamon.trace.Span span) {
        this.span = span;
        // Kamon is set to make ids of 16 and 8 bytes.
        ByteBuffer trace = bytes(span.trace().id());
        this.context = new TraceContext(
                trace.getLong(), trace.getLong(), bytes(span.id()).getLong(), true);
    }

    private static ByteBuffer bytes(Identifier id) {
        return ByteBuffer.wrap(id.bytes());
    }

    @Override
    public TraceContext context() {
        return context;
    }

    @Override
    public Span tag(String key, String value) {
        span.tag(key, value);
        return this;
    }

    @Override
    public Span tag(String key, long value) {
        span.tag(key, value);
        return this;
    }

    @Override
    public Span fail(String reason) {
        span.fail(reason);
        return this;
    }

    @Override
    public void end() {
        span.finish();
    }
}
