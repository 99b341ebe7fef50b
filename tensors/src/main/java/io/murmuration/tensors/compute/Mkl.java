package io.murmuration.tensors.compute;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.bytedeco.javacpp.Loader;

/**
 * Intel MKL, from the redistributable jar of the JavaCPP presets. Only its single dynamic library is opened; that one finds
 * the others beside it.
 */
@SuppressWarnings("restricted")
record Mkl(SymbolLookup library) implements BlasLibrary {

    /** Presets of JavaCPP lie under the name of the platform, its libraries all in one folder. */
    private static final String FOLDER = "/org/bytedeco/mkl/" + Loader.getPlatform() + "/";

    private static final String LIBRARY =
            switch (Loader.getPlatform().replaceAll("-.*", "")) {
                case "windows" -> "mkl_rt.2.dll";
                case "macosx" -> "libmkl_rt.2.dylib";
                default -> "libmkl_rt.so.2";
            };

    /** The redistributable jar has no sequential layer; this one, set to one thread, starts none. */
    private static final int THREADING_INTEL = 0;

    /** The same bits in every call on one machine, whatever else runs; arguments are aligned alike in every call. */
    private static final int REPRODUCIBLE = 2;

    private static final int ANSWER_BYTES = 256;

    static boolean onClassPath() {
        return Mkl.class.getResource(FOLDER + LIBRARY) != null;
    }

    /** @throws IllegalStateException if the libraries cannot be unpacked or do not start */
    static Mkl load() {
        try {
            File[] unpacked = Loader.cacheResources(Mkl.class, FOLDER);
            if (unpacked.length != 1) {
                throw new IllegalStateException(
                        "MKL: expected one folder " + FOLDER + " on the class path, found " + unpacked.length);
            }
            Mkl mkl = new Mkl(SymbolLookup.libraryLookup(unpacked[0].toPath().resolve(LIBRARY), Arena.global()));
            mkl.call("MKL_Set_Threading_Layer", THREADING_INTEL);
            int refused = mkl.call("MKL_CBWR_Set", REPRODUCIBLE);
            if (refused != 0) {
                throw new IllegalStateException(
                        "MKL: cannot give the same bits twice on this processor, code " + refused);
            }
            return mkl;
        } catch (IOException cause) {
            throw new IllegalStateException("MKL: cannot unpack its libraries: " + cause.getMessage(), cause);
        }
    }

    @Override
    public MemorySegment symbol(String name) {
        return library.find(name).orElseThrow(() -> new IllegalStateException("MKL has no function " + name));
    }

    @Override
    public void useOneThread() {
        call("MKL_Set_Num_Threads", 1);
    }

    @Override
    public String description() {
        MethodHandle handle =
                handle("MKL_Get_Version_String", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(ANSWER_BYTES);
            handle.invokeExact(answer, ANSWER_BYTES - 1);
            String version = answer.getString(0).strip().replaceAll(" +", " ");
            // MKL does not say which kernels it chose; the processor decides, and OpenBLAS names that.
            return version + " " + OpenBlas.load().processor();
        } catch (Throwable cause) {
            throw BlasLibrary.failed("MKL_Get_Version_String", cause);
        }
    }

    /** One number in, one out; of a function that gives none, the answer means nothing. */
    private int call(String function, int value) {
        MethodHandle handle = handle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try {
            return (int) handle.invokeExact(value);
        } catch (Throwable cause) {
            throw BlasLibrary.failed(function, cause);
        }
    }

    private MethodHandle handle(String function, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(symbol(function), descriptor);
    }
}
