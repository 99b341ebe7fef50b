package io.murmuration.cluster.run;

/** Tries the native library that computes. */
public interface ComputeProbe {

    /**
     * Loads the library and multiplies something small with it.
     *
     * @return what answers, in words: library, version, instruction set
     * @throws RuntimeException or {@link LinkageError} if it does not work here
     */
    String describe();
}
