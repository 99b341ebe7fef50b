package io.murmuration.tensors.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which devices ND4J for CUDA 11.6 can compute on. The products themselves are tested where ND4J runs on the CPU. */
class CudaTest {

    private static final String SUPPORTED = "supported are sm_37 to sm_86 and same-major newer, found ";

    @ParameterizedTest
    @CsvSource({"3,7", "5,0", "6,1", "7,0", "7,5", "8,0", "8,6", "8,9"})
    void kepler_to_ada_compute(int major, int minor) {
        CudaDevice device = new CudaDevice("a GPU", major, minor, 11_060);
        assertThat(CudaDevice.requireSupported(Optional.of(device))).isEqualTo(device);
    }

    @ParameterizedTest
    @CsvSource({"2,0", "3,5", "9,0", "10,0", "12,0"})
    void older_and_newer_ones_are_refused(int major, int minor) {
        assertThatThrownBy(() ->
                        CudaDevice.requireSupported(Optional.of(new CudaDevice("NVIDIA X", major, minor, 12_080))))
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessageContaining(SUPPORTED + "NVIDIA X (sm_" + major + minor + ")");
    }

    @Test
    void a_machine_without_a_device_is_refused() {
        assertThatThrownBy(() -> CudaDevice.requireSupported(Optional.empty()))
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessageContaining(SUPPORTED + "no CUDA device");
    }

    @Test
    void a_driver_from_before_cuda_11_is_refused() {
        assertThatThrownBy(() -> CudaDevice.requireSupported(Optional.of(new CudaDevice("NVIDIA X", 7, 5, 10_020))))
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessageContaining("driver for CUDA 10.2, older than 11.0");
    }
}
