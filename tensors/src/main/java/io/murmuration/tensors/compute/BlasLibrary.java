package io.murmuration.tensors.compute;

import java.lang.foreign.MemorySegment;

/** A loaded native library with the CBLAS functions, and how it is asked for one thread and for its name. */
sealed interface BlasLibrary permits OpenBlas, Mkl {

    /** @throws IllegalStateException if the library lacks the function */
    MemorySegment symbol(String name);

    /**
     * One thread per call: parallelism comes from several microbatches at once, and a product's bits must not depend on how
     * many there are.
     */
    void useOneThread();

    /** What decides the bits of its products, as far as it tells. */
    String description();

    static IllegalStateException failed(String symbol, Throwable cause) {
        return new IllegalStateException("native call " + symbol + " failed", cause);
    }
}
