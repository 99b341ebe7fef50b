package io.murmuration.cluster.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Gives this process its own standard error back. A JVM with an incubator module writes a warning before any class of
 * ours runs and has no switch for it, so the launcher starts it with standard error going through a filter, and the real
 * one as another descriptor. From here on nothing is filtered, and the filter, no longer written to, ends.
 */
final class StandardError {

    /** System property: the descriptor that is the real standard error. */
    private static final String REAL = "murmuration.stderr";

    private static final int STANDARD_ERROR = 2;

    private StandardError() {}

    /** Does nothing if the launcher did not redirect. */
    static void restore() {
        Optional.ofNullable(System.getProperty(REAL)).map(Integer::parseInt).ifPresent(StandardError::restoreFrom);
    }

    @SuppressWarnings("restricted") // two calls of the C library, with the types its manual gives
    private static void restoreFrom(int descriptor) {
        Linker linker = Linker.nativeLinker();
        MethodHandle dup2 = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("dup2"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        MethodHandle close = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("close"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try {
            // If dup2 fails the filter stays, and all still comes out: nothing to be done.
            if ((int) dup2.invokeExact(descriptor, STANDARD_ERROR) == STANDARD_ERROR) {
                int unused = (int) close.invokeExact(descriptor);
            }
        } catch (Throwable e) {
            throw new IllegalStateException("dup2 and close of the C library cannot be called", e);
        }
    }
}
