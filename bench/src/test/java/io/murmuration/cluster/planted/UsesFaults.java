package io.murmuration.cluster.planted;

import io.murmuration.faults.planted.Fault;

/** Breaks a rule of the architecture, on purpose. */
public final class UsesFaults {
    Fault fault;
}
