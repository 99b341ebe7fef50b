package io.murmuration.faults.scenario;

import java.util.Collection;

/** How a bound, or a whole scenario, came out. */
public enum Verdict {
    PASSED(0),
    FAILED(1),
    /** Something asked for was not measured. */
    UNKNOWN(2);

    private final int exitCode;

    Verdict(int exitCode) {
        this.exitCode = exitCode;
    }

    /** What the command line ends with. */
    public int exitCode() {
        return exitCode;
    }

    /** All together: failed if one failed, else unknown if one is, or if nothing was asked; else passed. */
    public static Verdict of(Collection<Verdict> verdicts) {
        if (verdicts.contains(FAILED)) {
            return FAILED;
        }
        return verdicts.isEmpty() || verdicts.contains(UNKNOWN) ? UNKNOWN : PASSED;
    }
}
