package io.murmuration.faults.explore;

import java.time.Duration;

/**
 * Within what scenarios are drawn. Everything here is survivable: a run that does not survive it is a finding. What is left
 * out, and why, is in docs/scenarios.md.
 */
final class Limits {

    // ---- the swarm ----------------------------------------------------------------------------------------------

    static final int LEAST_STAGES = 2;
    static final int MOST_STAGES = 4;
    static final int LEAST_REPLICAS = 2;
    static final int MOST_REPLICAS = 4;
    static final int MOST_TRAINERS = 3;
    static final int MOST_COORDINATORS = 3;
    /** Nodes that may join besides. */
    static final int MOST_SPARES = 4;

    static final int LEAST_STEPS = 10;
    static final int MOST_STEPS = 25;
    /** The control of a real run must have the same rounding within the bound below. */
    static final int MOST_REAL_STEPS = 20;

    static final int MOST_MICROBATCHES = 16;
    /** Steps begun early, in an asynchronous run. */
    static final int MOST_STALENESS = 3;

    /** Every so many seeds are real: real numbers take some seconds each. */
    static final int REAL_EVERY = 10;

    /** Relative L2. Another order of adding up changes 3e-8 in some steps, a microbatch too many or too few 4e-3. */
    static final String DISTANCE = "< 1e-5";

    // ---- links --------------------------------------------------------------------------------------------------

    static final Duration LEAST_LATENCY = Duration.ofNanos(50_000);
    static final Duration MOST_LATENCY = Duration.ofMillis(150);
    /** Of links that stay so; as a part of the messages, or of pieces of 256 KiB. */
    static final double MOST_LOSS = 0.02;
    /** A damaged frame breaks its connection, and with it whatever is on the way. */
    static final double MOST_CORRUPT = 0.001;

    static final double MOST_DUPLICATE = 0.02;
    static final double MOST_REORDER = 0.1;

    // ---- what happens -------------------------------------------------------------------------------------------

    static final int MOST_EVENTS = 8;
    static final Duration FIRST_EVENT = Duration.ofMillis(100);
    static final Duration LAST_EVENT = Duration.ofSeconds(60);
    static final Duration SHORTEST_FAULT = Duration.ofMillis(50);
    static final Duration LONGEST_FAULT = Duration.ofSeconds(45);
    static final double MOST_SLOW = 30;
    static final Duration MOST_SKEW = Duration.ofHours(2);

    /** Of links while a fault lasts. */
    static final double MOST_FAULTY_LOSS = 0.4;

    static final double MOST_FAULTY_CORRUPT = 0.05;
    static final double MOST_FAULTY_DUPLICATE = 0.3;
    static final double MOST_FAULTY_REORDER = 0.5;
    static final Duration MOST_FAULTY_LATENCY = Duration.ofSeconds(2);
    /** A fault may leave so much of the least rate. */
    static final double LEAST_FAULTY_RATE = 0.1;

    // ---- what must hold -----------------------------------------------------------------------------------------

    /**
     * Most time without a committed step once everything is healed. The worst that may follow a fault that ends with it: a
     * hop's deadline at its ceiling (60 s), a connection given up (10 s), a boundary held for a joiner (30 s), a removal
     * (9 s), and a step.
     */
    static final Duration LIVENESS = Duration.ofSeconds(120);

    private Limits() {}
}
