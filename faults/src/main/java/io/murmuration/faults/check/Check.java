package io.murmuration.faults.check;

import java.util.ArrayList;
import java.util.List;

/** Something that must hold in every run, whatever the world does to it. */
public abstract class Check implements Observer {

    /** More counterexamples of one kind say nothing new. */
    private static final int MOST = 10;

    /** When and how it did not hold. */
    public record Violation(long time, String counterexample) {}

    private final String name;
    private final List<Violation> violations = new ArrayList<>();
    private long count;

    protected Check(String name) {
        this.name = name;
    }

    public final String name() {
        return name;
    }

    protected final void violated(long time, String counterexample) {
        count++;
        if (violations.size() < MOST) {
            violations.add(new Violation(time, counterexample));
        }
    }

    /** The first counterexamples, in order. */
    public final List<Violation> violations() {
        return List.copyOf(violations);
    }

    /** How often it did not hold. */
    public final long count() {
        return count;
    }
}
