package io.murmuration.actors.telemetry;

import io.murmuration.actors.protocol.TraceContext;

/** Something that is going on, from its beginning to {@link #end}; ended once, what comes later is not heard. Thread-safe. */
public interface Span {

    /** Of what is not followed: does nothing. */
    Span NONE = new Silent.SilentSpan();

    /** What its parts, here or elsewhere, need to know. */
    TraceContext context();

    /** Says something of it that may have any value. */
    Span tag(String key, String value);

    /** The same of a number. */
    Span tag(String key, long value);

    /** It did not do what it should have. */
    Span fail(String reason);

    void end();
}
