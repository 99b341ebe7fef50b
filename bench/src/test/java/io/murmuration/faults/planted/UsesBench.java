package io.murmuration.faults.planted;

import io.murmuration.bench.BenchCommand;

/** Breaks a rule of the architecture, on purpose. */
public final class UsesBench {
    BenchCommand command;
}
