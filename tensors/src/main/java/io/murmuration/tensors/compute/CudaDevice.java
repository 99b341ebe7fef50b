package io.murmuration.tensors.compute;

import java.util.Optional;

/**
 * The first CUDA device of this machine and whether ND4J's CUDA release has machine code for it. The release (for CUDA
 * 11.6) carries code for sm_37 to sm_86 and no intermediate code that a driver could compile for another processor; code
 * for one minor number runs on newer ones of the same major number.
 *
 * @param name as the driver gives it
 * @param major first digit of the compute capability
 * @param minor second digit
 * @param driver newest CUDA version that the driver runs, 1000 times the first plus 10 times the second number
 */
record CudaDevice(String name, int major, int minor, int driver) {

    private static final int OLDEST_MAJOR = 3;
    private static final int OLDEST_MINOR = 7;
    private static final int NEWEST_MAJOR = 8;

    /** A program built for any CUDA 11 runs on drivers of CUDA 11.0 and newer. */
    private static final int OLDEST_DRIVER = 11_000;

    private static final int DRIVER_MAJOR = 1000;
    private static final int DRIVER_MINOR = 10;

    /**
     * The device, if ND4J can compute on it.
     *
     * @param found what the driver says, empty if there is no driver or no device
     * @throws BackendUnavailableException if not; says what is supported and what was found
     */
    static CudaDevice requireSupported(Optional<CudaDevice> found) {
        CudaDevice device = found.orElseThrow(() -> refused("no CUDA device"));
        if (device.driver < OLDEST_DRIVER) {
            throw refused(device + " with a driver for CUDA " + version(device.driver) + ", older than "
                    + version(OLDEST_DRIVER));
        }
        boolean tooOld = device.major < OLDEST_MAJOR || device.major == OLDEST_MAJOR && device.minor < OLDEST_MINOR;
        if (tooOld || device.major > NEWEST_MAJOR) {
            throw refused(device.toString());
        }
        return device;
    }

    private static BackendUnavailableException refused(String found) {
        return new BackendUnavailableException(
                "this build computes with ND4J for CUDA 11.6: supported are sm_37 to sm_86"
                        + " and same-major newer, found " + found);
    }

    private static String version(int driver) {
        return driver / DRIVER_MAJOR + "." + driver % DRIVER_MAJOR / DRIVER_MINOR;
    }

    @Override
    public String toString() {
        return name + " (sm_" + major + minor + ")";
    }
}
