package io.murmuration.actors.protocol;

/**
 * Where in a trace something happened, as it travels with a microbatch: whoever goes on with it makes its own spans children
 * of this one. Only what is followed has one; all others carry {@link #NONE}, four bytes.
 *
 * @param traceHigh first half of the trace's id
 * @param traceLow second half of it
 * @param span id of the span that comes before; 0: this is not followed
 * @param sampled whether its spans are to be recorded
 */
public record TraceContext(long traceHigh, long traceLow, long span, boolean sampled) {

    /** Of what is not followed. */
    public static final TraceContext NONE = new TraceContext(0, 0, 0, false);

    /** Whether there is anything to record. */
    public boolean followed() {
        return sampled && span != 0;
    }
}
