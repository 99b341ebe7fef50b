package io.murmuration.cluster.run;

/** Asks a run to stop at its next step boundary. Thread-safe; once asked, always asked. */
public final class StopSignal {

    private volatile boolean requested;

    /** Asks; the run ends after the step it is in. */
    public void request() {
        requested = true;
    }

    public boolean requested() {
        return requested;
    }
}
