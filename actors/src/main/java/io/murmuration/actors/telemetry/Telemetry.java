package io.murmuration.actors.telemetry;

import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.TraceContext;

/**
 * What actors say about their work for those who watch it: spans of a trace and a few numbers. Nothing comes back, no actor
 * decides anything by it, and ids, clocks and samples are the implementation's, so that a run is the same with and without.
 * Implementations are thread-safe and never block.
 *
 * <p>Instruments are asked for once and kept; labels have few values each (a stage, not a member).
 */
public interface Telemetry {

    /** Records nothing. */
    Telemetry OFF = new Silent();

    /** A label of an instrument. */
    record Label(String key, String value) {
        public Label {
            if (key.isBlank()) {
                throw new IllegalArgumentException("a label needs a key, its value is " + value);
            }
        }
    }

    /** How often something happened. */
    @FunctionalInterface
    interface Counter {
        void add(long times);
    }

    /** How much there is of something now. */
    @FunctionalInterface
    interface Gauge {
        void set(double value);
    }

    /** How long something took. */
    @FunctionalInterface
    interface Timer {
        void record(long nanos);
    }

    /** Begins the trace of a microbatch, if it is one of those that are followed; else {@link Span#NONE}. */
    Span follow(String name, MicrobatchId id);

    /** Begins a trace of something rare, which is always recorded. */
    Span trace(String name);

    /** Begins a part of what {@code parent} is the context of; {@link Span#NONE} if that is not followed. */
    Span span(String name, TraceContext parent);

    Counter counter(String name, Label... labels);

    Gauge gauge(String name, Label... labels);

    Timer timer(String name, Label... labels);
}
