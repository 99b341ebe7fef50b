package io.murmuration.actors.telemetry;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.TraceContext;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The followed microbatches of one trainer or shard, and what is being done with each. The spans of a trace lie in each other
 * as the work caused the next: {@code microbatch} (trainer) - {@code send} - {@code receive} - {@code forward} - {@code send}
 * and so on to {@code loss}, and back over {@code send}, {@code receive} and {@code backward}; {@code queue} lies beside what
 * it waits for.
 *
 * <p>Single-threaded, but for {@link #receive}. Bounded by the followed microbatches of one step; holds nothing and costs a
 * look into an empty map when nothing is followed.
 */
public final class MicrobatchTraces {

    private static final class Entry {
        private final Span root;
        private TraceContext last;
        private Span phase = Span.NONE;

        private Entry(Span root, TraceContext last) {
            this.root = root;
            this.last = last;
        }
    }

    private final Telemetry telemetry;
    private final Member self;
    private final TreeMap<MicrobatchId, Entry> entries = new TreeMap<>();
    /** Of a shard, once it has one. */
    private OptionalInt stage = OptionalInt.empty();

    public MicrobatchTraces(Telemetry telemetry, Member self) {
        this.telemetry = telemetry;
        this.self = self;
    }

    /** From now on this is work of {@code number}. */
    public void stage(int number) {
        stage = OptionalInt.of(number);
    }

    /** The way of a microbatch begins here, unless it has begun before. */
    public void begin(MicrobatchId id) {
        if (entries.containsKey(id)) {
            return;
        }
        Span root = telemetry.follow("microbatch", id);
        if (root.context().followed()) {
            entries.put(id, new Entry(named(root, id), root.context()));
        }
    }

    /** A frame is here and waits for its receiver to look at it. Any thread. */
    public static Span receive(Telemetry telemetry, Member self, DataFrame frame) {
        TraceContext trace = frame.trace();
        if (!trace.followed()) {
            return Span.NONE;
        }
        return telemetry
                .span("receive", trace)
                .tag("member", self.toString())
                .tag("peer", frame.route().from().toString())
                .tag("bytes", frame.payload().size() + (long) frame.extraBytes());
    }

    /** The receiver takes what it received, and will do {@code next} with it. */
    public void taken(MicrobatchId id, Span receive, String next) {
        TraceContext context = receive.context();
        if (context.followed()) {
            named(receive, id).end();
            Entry entry = entries.computeIfAbsent(id, absent -> new Entry(Span.NONE, context));
            entry.phase.end();
            entry.last = context;
            entry.phase = part(id, next, context);
        }
    }

    /** The receiver does not take it. */
    public static void refused(Span receive, Refusal refusal) {
        if (receive != Span.NONE) {
            receive.fail(refusal.reason() + ": " + refusal.detail()).end();
        }
    }

    /** The phase that was goes over into {@code next}. */
    public void phase(MicrobatchId id, String next) {
        Entry entry = entries.get(id);
        if (entry != null) {
            entry.phase.end();
            entry.phase = part(id, next, entry.last);
        }
    }

    /** The phase is done; what comes next comes of it. */
    public void done(MicrobatchId id) {
        Entry entry = entries.get(id);
        if (entry != null) {
            entry.phase.end();
            if (entry.phase.context().followed()) {
                entry.last = entry.phase.context();
            }
            entry.phase = Span.NONE;
        }
    }

    /** Something of it is offered to {@code to}; ended by {@link #sent}. */
    public Span send(MicrobatchId id, Member to, int attempt) {
        Entry entry = entries.get(id);
        return entry == null
                ? Span.NONE
                : part(id, "send", entry.last).tag("peer", to.toString()).tag("attempt", attempt);
    }

    /** What became of the offer. */
    public static void sent(Span send, DataPlane.Outcome outcome) {
        if (send == Span.NONE) {
            return;
        }
        switch (outcome) {
            case DataPlane.Accepted() -> {}
            case DataPlane.Refused(Refusal refusal) -> send.fail(refusal.reason() + ": " + refusal.detail());
            case DataPlane.Failed(String reason) -> send.fail(reason);
        }
        send.end();
    }

    /** It is back where it began. */
    public void end(MicrobatchId id) {
        Entry entry = entries.remove(id);
        if (entry != null) {
            entry.phase.end();
            entry.root.end();
        }
    }

    /** Nobody here will do anything more with any of them. */
    public void clear(String reason) {
        entries.values().forEach(entry -> end(entry, reason));
        entries.clear();
    }

    /** Nobody here will do anything more with those before {@code first}. */
    public void over(MicrobatchId first, String reason) {
        Map<MicrobatchId, Entry> gone = entries.headMap(first);
        gone.values().forEach(entry -> end(entry, reason));
        gone.clear();
    }

    private static void end(Entry entry, String reason) {
        if (entry.phase != Span.NONE) {
            entry.phase.fail(reason).end();
        }
        if (entry.root != Span.NONE) {
            entry.root.fail(reason).end();
        }
    }

    private Span part(MicrobatchId id, String name, TraceContext parent) {
        return named(telemetry.span(name, parent), id);
    }

    private Span named(Span span, MicrobatchId id) {
        if (span == Span.NONE) {
            return span;
        }
        stage.ifPresent(number -> span.tag("stage", number));
        return span.tag("member", self.toString()).tag("microbatch", id.toString());
    }
}
