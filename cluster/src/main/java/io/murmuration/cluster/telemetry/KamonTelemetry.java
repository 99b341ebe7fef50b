package io.murmuration.cluster.telemetry;

import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.TraceContext;
import io.murmuration.actors.telemetry.Span;
import io.murmuration.actors.telemetry.Telemetry;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import kamon.Kamon;
import kamon.metric.MeasurementUnit;
import kamon.metric.Metric;
import kamon.tag.TagSet;
import kamon.trace.Identifier;
import kamon.trace.SpanBuilder;
import kamon.trace.Trace;

/** The telemetry port with Kamon, which must have been started. Thread-safe. */
final class KamonTelemetry implements Telemetry {

    /** Before the name of everything that is measured. */
    static final String PREFIX = "murmuration.";

    private final boolean traces;
    private final int sample;

    /**
     * @param traces whether anybody gets spans
     * @param sample one microbatch in so many is followed; 0: none
     */
    KamonTelemetry(boolean traces, int sample) {
        this.traces = traces;
        this.sample = sample;
    }

    @Override
    public Span follow(String name, MicrobatchId id) {
        boolean chosen = sample > 0 && Long.remainderUnsigned(mixed(id), sample) == 0;
        return chosen ? trace(name) : Span.NONE;
    }

    /** The same microbatches on every node, spread over steps and indices (the finalizer of SplitMix64). */
    private static long mixed(MicrobatchId id) {
        long mixed = (id.step() << 32) ^ ((long) id.index() << 1) ^ id.purpose().ordinal();
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }

    @Override
    public Span trace(String name) {
        return traces ? new KamonSpan(builder(name).ignoreParentFromContext().start()) : Span.NONE;
    }

    @Override
    public Span span(String name, TraceContext parent) {
        if (!traces || !parent.followed()) {
            return Span.NONE;
        }
        Identifier trace = identifier(parent.traceHigh(), parent.traceLow());
        var remote = new kamon.trace.Span.Remote(
                identifier(parent.span()),
                Identifier.Empty(),
                Trace.create(trace, kamon.trace.Trace$SamplingDecision$Sample$.MODULE$));
        return new KamonSpan(builder(name).asChildOf(remote).start());
    }

    private static SpanBuilder builder(String name) {
        String component = "murmuration";
        SpanBuilder builder =
                switch (name) {
                    case "send" -> Kamon.producerSpanBuilder(name, component);
                    case "receive" -> Kamon.consumerSpanBuilder(name, component);
                    default -> Kamon.internalSpanBuilder(name, component);
                };
        // Numbers come from instruments: those of a sample would mislead.
        return builder.doNotTrackMetrics();
    }

    @Override
    public Counter counter(String name, Label... labels) {
        kamon.metric.Counter counter = Kamon.counter(PREFIX + name).withTags(tags(labels));
        return counter::increment;
    }

    /** A counter of bytes. */
    Counter bytes(String name, Label... labels) {
        Metric.Counter metric =
                Kamon.counter(PREFIX + name, MeasurementUnit.information().bytes());
        kamon.metric.Counter counter = metric.withTags(tags(labels));
        return counter::increment;
    }

    /** It is there from the first time it is set: what nobody knows yet is not 0. */
    @Override
    public Gauge gauge(String name, Label... labels) {
        TagSet tags = tags(labels);
        return value -> Kamon.gauge(PREFIX + name).withTags(tags).update(value);
    }

    @Override
    public Timer timer(String name, Label... labels) {
        kamon.metric.Timer timer = Kamon.timer(PREFIX + name).withTags(tags(labels));
        return timer::record;
    }

    private static TagSet tags(Label... labels) {
        TagSet.Builder tags = TagSet.builder();
        for (Label label : labels) {
            tags.add(label.key(), label.value());
        }
        return tags.build();
    }

    private static Identifier identifier(long... parts) {
        ByteBuffer bytes = ByteBuffer.allocate(parts.length * Long.BYTES);
        for (long part : parts) {
            bytes.putLong(part);
        }
        return new Identifier(HexFormat.of().formatHex(bytes.array()), bytes.array());
    }
}
