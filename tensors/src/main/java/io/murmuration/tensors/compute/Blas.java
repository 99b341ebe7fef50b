package io.murmuration.tensors.compute;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Matrix products of a native BLAS, called without wrappers: a call costs 0.1 microseconds and no garbage, where {@code
 * Nd4j.gemm} costs 15 to 40 microseconds and cannot describe a strided block. The library is Intel MKL where it is on the
 * class path (Maven profile {@code mkl}), else the OpenBLAS that ND4J ships and has loaded.
 */
@SuppressWarnings("restricted")
final class Blas {

    private static final int ROW_MAJOR = 101;
    private static final int PLAIN = 111;
    private static final int TRANSPOSED = 112;

    private static final BlasLibrary LIBRARY = Mkl.onClassPath() ? Mkl.load() : OpenBlas.load();
    private static final MethodHandle SGEMM = sgemm();

    static {
        LIBRARY.useOneThread();
    }

    private Blas() {}

    private static MethodHandle sgemm() {
        ValueLayout.OfInt number = ValueLayout.JAVA_INT;
        ValueLayout.OfFloat factor = ValueLayout.JAVA_FLOAT;
        ValueLayout matrix = ValueLayout.ADDRESS;
        return Linker.nativeLinker()
                .downcallHandle(
                        LIBRARY.symbol("cblas_sgemm"),
                        FunctionDescriptor.ofVoid(
                                number, number, number, number, number, number, factor, matrix, number, matrix, number,
                                factor, matrix, number));
    }

    /** Version, build options and the processor kernels in use, as far as the library tells. */
    static String description() {
        return LIBRARY.description();
    }

    /** As {@link Backend#gemm}; the caller has checked that the matrices fit. */
    static void sgemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            MemorySegment a,
            int lda,
            MemorySegment b,
            int ldb,
            float beta,
            MemorySegment c,
            int ldc) {
        try {
            SGEMM.invokeExact(
                    ROW_MAJOR,
                    transposeA ? TRANSPOSED : PLAIN,
                    transposeB ? TRANSPOSED : PLAIN,
                    m,
                    n,
                    k,
                    alpha,
                    a,
                    lda,
                    b,
                    ldb,
                    beta,
                    c,
                    ldc);
        } catch (Throwable cause) {
            throw BlasLibrary.failed("cblas_sgemm", cause);
        }
    }
}
