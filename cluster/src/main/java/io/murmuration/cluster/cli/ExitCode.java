package io.murmuration.cluster.cli;

/** What a command's exit code means. */
final class ExitCode {

    static final int OK = 0;
    /** It went wrong and not for what the user said: a run that cannot go on, a red line of the doctor, a bug. */
    static final int FAILED = 1;
    /** The user can put it right. */
    static final int USAGE = 2;

    /**
     * A node that the others have removed from the cluster, and that was not to come back by itself. Not 3: with that the JVM
     * ends when it finds no memory.
     */
    static final int REMOVED = 4;

    /** Shells report a process that a signal ended as 128 and the signal's number; a run that was asked to stop says the same. */
    static final int SIGNALLED = 128;

    private ExitCode() {}
}
