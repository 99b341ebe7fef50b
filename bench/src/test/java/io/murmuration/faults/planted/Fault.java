package io.murmuration.faults.planted;

/** Something in the faults' room for others to name wrongly. */
public final class Fault {}
