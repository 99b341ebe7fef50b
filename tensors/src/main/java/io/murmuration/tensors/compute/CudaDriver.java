package io.murmuration.tensors.compute;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * Asks NVIDIA's driver library what there is, before ND4J's CUDA libraries are touched: they end a process on a machine
 * where they cannot run.
 */
@SuppressWarnings("restricted")
final class CudaDriver {

    private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");
    private static final int SUCCESS = 0;
    private static final int CAPABILITY_MAJOR = 75;
    private static final int CAPABILITY_MINOR = 76;
    private static final int NAME_BYTES = 256;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout POINTER = ValueLayout.ADDRESS;

    private final SymbolLookup library;
    private final Arena arena;

    private CudaDriver(SymbolLookup library, Arena arena) {
        this.library = library;
        this.arena = arena;
    }

    /** Whether ND4J on this class path is the one for CUDA (Maven profile {@code cuda}). */
    static boolean builtIn() {
        return CudaDriver.class.getResource("/org/nd4j/linalg/jcublas/JCublasBackend.class") != null;
    }

    /** The first device, or nothing where there is no driver or no device. */
    static Optional<CudaDevice> firstDevice() {
        String name = WINDOWS ? "nvcuda.dll" : "libcuda.so.1";
        try (Arena arena = Arena.ofConfined()) {
            // Stays loaded: ND4J needs it too.
            return new CudaDriver(SymbolLookup.libraryLookup(name, Arena.global()), arena).ask();
        } catch (IllegalArgumentException noSuchLibrary) {
            return Optional.empty();
        }
    }

    /**
     * ND4J's CUDA libraries need NVIDIA's runtime beside the driver.
     *
     * @throws BackendUnavailableException if it is not on the library path
     */
    static void requireRuntime() {
        String name = WINDOWS ? "cudart64_110.dll" : "libcudart.so.11.0";
        try {
            SymbolLookup.libraryLookup(name, Arena.global());
        } catch (IllegalArgumentException noSuchLibrary) {
            throw new BackendUnavailableException("this build computes with ND4J for CUDA 11.6: expected " + name
                    + " of the CUDA 11.6 toolkit on the library path, there is none");
        }
    }

    private Optional<CudaDevice> ask() {
        if (call("cuInit", INT, 0) != SUCCESS) {
            return Optional.empty();
        }
        MemorySegment number = arena.allocate(INT);
        if (call("cuDeviceGetCount", POINTER, number) != SUCCESS || number.get(INT, 0) < 1) {
            return Optional.empty();
        }
        require("cuDriverGetVersion", call("cuDriverGetVersion", POINTER, number));
        int driver = number.get(INT, 0);
        require("cuDeviceGet", call("cuDeviceGet", POINTER, number, INT, 0));
        int device = number.get(INT, 0);
        MemorySegment name = arena.allocate(NAME_BYTES);
        require("cuDeviceGetName", call("cuDeviceGetName", POINTER, name, INT, NAME_BYTES, INT, device));
        return Optional.of(new CudaDevice(
                name.getString(0),
                attribute(CAPABILITY_MAJOR, number, device),
                attribute(CAPABILITY_MINOR, number, device),
                driver));
    }

    private int attribute(int attribute, MemorySegment number, int device) {
        require("cuDeviceGetAttribute", call("cuDeviceGetAttribute", POINTER, number, INT, attribute, INT, device));
        return number.get(INT, 0);
    }

    /** @param layoutsAndValues layout and value of each argument in turn */
    private int call(String function, Object... layoutsAndValues) {
        MemoryLayout[] layouts = new MemoryLayout[layoutsAndValues.length / 2];
        Object[] values = new Object[layouts.length];
        for (int i = 0; i < layouts.length; i++) {
            layouts[i] = (MemoryLayout) layoutsAndValues[2 * i];
            values[i] = layoutsAndValues[2 * i + 1];
        }
        MemorySegment address = library.find(function)
                .orElseThrow(() -> new BackendUnavailableException("the CUDA driver has no function " + function));
        try {
            return (int) Linker.nativeLinker()
                    .downcallHandle(address, FunctionDescriptor.of(INT, layouts))
                    .invokeWithArguments(values);
        } catch (Throwable cause) {
            throw new IllegalStateException("native call " + function + " failed", cause);
        }
    }

    private static void require(String function, int code) {
        if (code != SUCCESS) {
            throw new BackendUnavailableException("the CUDA driver answers " + function + " with error " + code);
        }
    }
}
