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

/** The OpenBLAS that ND4J ships and has loaded. */
@SuppressWarnings("restricted")
record OpenBlas(SymbolLookup library) implements BlasLibrary {

    private static final int LONGEST_ANSWER_BYTES = 1024;

    static OpenBlas load() {
        return new OpenBlas(SymbolLookup.libraryLookup(file(), Arena.global()));
    }

    /** JavaCPP unpacks its libraries side by side; the platform decides the name of the file. */
    private static Path file() {
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

    @Override
    public MemorySegment symbol(String name) {
        return library.find(name).orElseThrow(() -> new IllegalStateException("OpenBLAS has no function " + name));
    }

    @Override
    public void useOneThread() {
        MethodHandle handle = handle("openblas_set_num_threads", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
        try {
            handle.invokeExact(1);
        } catch (Throwable cause) {
            throw BlasLibrary.failed("openblas_set_num_threads", cause);
        }
    }

    @Override
    public String description() {
        return text("openblas_get_config").strip() + " " + processor();
    }

    /** The family of processors whose kernels fit this one. */
    String processor() {
        return text("openblas_get_corename").strip();
    }

    private String text(String function) {
        MethodHandle handle = handle(function, FunctionDescriptor.of(ValueLayout.ADDRESS));
        try {
            MemorySegment answer = (MemorySegment) handle.invokeExact();
            return answer.reinterpret(LONGEST_ANSWER_BYTES).getString(0);
        } catch (Throwable cause) {
            throw BlasLibrary.failed(function, cause);
        }
    }

    private MethodHandle handle(String function, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(symbol(function), descriptor);
    }
}
