package io.murmuration.faults.scenario;

import java.util.List;

/** What can be bounded in {@code expect}, with what it means. */
public enum Measure {
    EVERY_MICROBATCH_COUNTED_ONCE(
            Unit.FLAG, "every stage counted every microbatch of every committed step exactly once"),
    REPLICAS_AGREE(Unit.FLAG, "equal digests of parameters and optimiser state within each stage after every step"),
    NO_ROLLBACK(Unit.FLAG, "no committed version was taken back"),
    FINAL_LOSS_RATIO_TO_CONTROL(
            Unit.NUMBER, "loss at the end divided by the control's at the same version", Needs.CONTROL, Needs.LOSS),
    PARAMETERS_DISTANCE_TO_CONTROL(
            Unit.NUMBER,
            "relative L2 distance of the parameters from the control's at the same version",
            Needs.CONTROL,
            Needs.LOSS),
    FINAL_LOSS(Unit.NUMBER, "loss at the end, nats per token", Needs.LOSS),
    RECOVERY(
            Unit.DURATION,
            "longest time from the start of a fault that took or cut off members to the first step committed without them"),
    PROGRESS_AFTER_HEAL(Unit.DURATION, "time from healing to the next committed step"),
    LOST_STEPS(Unit.NUMBER, "highest version ever committed less the version after recovery, the worst case"),
    STEPS_COMMITTED(Unit.NUMBER, "steps committed and not taken back"),
    WASTED_WORK(Unit.NUMBER, "microbatch-stages computed divided by those counted, less 1"),
    UTILISATION(Unit.NUMBER, "time computing divided by live shards x time"),
    THROUGHPUT_RATIO_TO_CONTROL(Unit.NUMBER, "committed tokens per second divided by the control's", Needs.CONTROL),
    BOUNDED_MEMORY(Unit.FLAG, "no queue, window or memory went beyond its limit"),
    ADVERSARIES_EJECTED(Unit.SHARE, "adversaries that were ejected"),
    HONEST_EJECTED(Unit.NUMBER, "honest members that were ejected for what they did"),
    HISTORY_HASH(Unit.TEXT, "hash of the whole history of a simulated run");

    /** How a value is written. */
    public enum Unit {
        /** true or false. */
        FLAG,
        /** A number. */
        NUMBER,
        /** Seconds; in a file with their unit. */
        DURATION,
        /** A count, or {@code all}. */
        SHARE,
        /** Words. */
        TEXT
    }

    /** Without what it cannot be measured. */
    public enum Needs {
        /** A second run of the same seed without events. */
        CONTROL,
        /** Real numbers, so no cost model. */
        LOSS
    }

    private final Unit unit;
    private final String meaning;
    private final List<Needs> needs;

    Measure(Unit unit, String meaning, Needs... needs) {
        this.unit = unit;
        this.meaning = meaning;
        this.needs = List.of(needs);
    }

    public Unit unit() {
        return unit;
    }

    /** For people. */
    public String meaning() {
        return meaning;
    }

    public boolean needs(Needs what) {
        return needs.contains(what);
    }

    /** The key in {@code expect}. */
    public String key() {
        return Words.of(this);
    }
}
