package io.murmuration.faults.simulation;

/**
 * How full something is that has a limit.
 *
 * @param what is looked at, and where
 * @param value entries or bytes in it now
 * @param limit the most there may be
 */
public record Level(String what, long value, long limit) {}
