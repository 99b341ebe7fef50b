package io.murmuration.tensors.compute;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;

/**
 * The OpenBLAS that ND4J ships and has loaded, called without wrappers: a call costs 0.1 microseconds and no garbage, where
 * {@code Nd4j.gemm} costs 15 to 40 microseconds and cannot describe a strided block.
 */
@SuppressWarnings("restricted")
final class OpenBlas {

    private static final int ROW_MAJOR = 101;
    private static final int PLAIN = 111;
    private static final int TRANSPOSED = 112;
    private static final int LONGEST_ANSWER_BYTES = 1024;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBRARY = SymbolLookup.libraryLookup(library(), Arena.global());
    private static final MethodHandle SGEMM = sgemm();

    private OpenBlas() {}

    private static MethodHandle sgemm() {
        ValueLayout.OfInt number = ValueLayout.JAVA_INT;
        ValueLayout.OfFloat factor = ValueLayout.JAVA_FLOAT;
        ValueLayout matrix = ValueLayout.ADDRESS;
        return handle(
                "cblas_sgemm",
                FunctionDescriptor.ofVoid(
                        number, number, number, number, number, number, factor, matrix, number, matrix, number, factor,
                        matrix, number));
    }

    /** JavaCPP unpacks its libraries side by side; the platform decides the name of the file. */
    private static Path library() {
        Path folder = Path.of(Loader.load(openblas.class)).toAbsolutePath().getParent();
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(OpenBlas::isLibrary)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no OpenBLAS library in " + folder));
        } catch (IOException cause) {
            throw new IllegalStateException("cannot look for OpenBLAS in " + folder, cause);
        }
    }

    private static boolean isLibrary(Path file) {
        String name = file.getFileName().toString();
        return name.matches("(lib)?openblas(\\.0)?\\.(so\\.0|dylib|dll)");
    }

    private static MethodHandle handle(String symbol, FunctionDescriptor descriptor) {
        MemorySegment address =
                LIBRARY.find(symbol).orElseThrow(() -> new IllegalStateException("OpenBLAS has no function " + symbol));
        return LINKER.downcallHandle(address, descriptor);
    }

    /**
     * One thread per call: parallelism comes from several microbatches at once, and a product's bits must not depend on how
     * many there are.
     */
    static void useOneThread() {
        MethodHandle handle = handle("openblas_set_num_threads", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
        try {
            handle.invokeExact(1);
        } catch (Throwable cause) {
            throw failed("openblas_set_num_threads", cause);
        }
    }

    /** Version, build options and the processor kernels in use. */
    static String description() {
        return text("openblas_get_config").strip() + " "
                + text("openblas_get_corename").strip();
    }

    private static String text(String symbol) {
        MethodHandle handle = handle(symbol, FunctionDescriptor.of(ValueLayout.ADDRESS));
        try {
            MemorySegment answer = (MemorySegment) handle.invokeExact();
            return answer.reinterpret(LONGEST_ANSWER_BYTES).getString(0);
        } catch (Throwable cause) {
            throw failed(symbol, cause);
        }
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
            throw failed("cblas_sgemm", cause);
        }
    }

    private static IllegalStateException failed(String symbol, Throwable cause) {
        return new IllegalStateException("native call " + symbol + " failed", cause);
    }
}
