package io.murmuration.tensors.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.checkpoint.SafetensorsWriter;
import io.murmuration.tensors.compute.Floats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The runner itself must be able to fail. */
class GoldenCaseTest {

    @TempDir
    Path set;

    @Test
    void the_tolerance_counts_against_the_largest_number_of_the_tensor() throws IOException {
        GoldenCase testCase = testCase("|got - want| <= atol + rtol * max|want|", "{\"atol\":0,\"rtol\":0.01}");
        assertThatCode(() -> testCase.assertClose("x", 1.9f, 100, 0)).doesNotThrowAnyException();
        assertThatThrownBy(() -> testCase.assertClose("x", 1, 102, 0))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("x: at 1 expected 100.0");
        assertThatThrownBy(() -> testCase.assertClose("x", Float.NaN, 100, 0)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> testCase.assertClose("x", 1, 100)).isInstanceOf(AssertionError.class);
    }

    @Test
    void an_elementwise_tolerance_counts_against_each_number() throws IOException {
        GoldenCase testCase =
                testCase("elementwise |got - want| <= atol + rtol * |want|", "{\"atol\":0,\"rtol\":0.01}");
        assertThatCode(() -> testCase.assertClose("x", 1.009f, 100.9f, 0)).doesNotThrowAnyException();
        assertThatThrownBy(() -> testCase.assertClose("x", 1.02f, 100, 0)).isInstanceOf(AssertionError.class);
    }

    @Test
    void exact_leaves_no_room_and_an_unknown_rule_is_no_pass() throws IOException {
        GoldenCase exact = testCase("", "\"exact\"");
        assertThatCode(() -> exact.assertClose("x", 1, 100, -0f)).doesNotThrowAnyException();
        assertThatThrownBy(() -> exact.assertClose("x", Math.nextUp(1f), 100, 0))
                .isInstanceOf(AssertionError.class);
        GoldenCase unknown = testCase("", "{\"miles\":3}");
        assertThatThrownBy(() -> unknown.assertClose("x", 1, 100, 0)).isInstanceOf(AssertionError.class);
    }

    @Test
    void what_was_not_compared_is_known() throws IOException {
        GoldenCase testCase = testCase("", "\"exact\"");
        assertThat(testCase.unchecked()).containsExactly("x");
        testCase.assertClose("x", 1, 100, 0);
        assertThat(testCase.unchecked()).isEmpty();
    }

    private GoldenCase testCase(String rule, String tolerance) throws IOException {
        Path group = Files.createTempDirectory(set, "group");
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter.write(
                    group.resolve("x.safetensors"),
                    List.of(new SafetensorsWriter.Entry("x", List.of(3), Floats.of(arena, 1, 100, 0))));
        }
        Files.writeString(group.resolve("manifest.json"), """
                {"tolerance_rule": "%s", "cases": [{"name": "c", "files": {"x.safetensors":
                  {"x": {"dtype": "F32", "shape": [3], "role": "expected", "tol": %s}}}}]}""".formatted(rule, tolerance));
        return GoldenGroup.in(set).stream()
                .filter(found -> found.folder().equals(group))
                .findFirst()
                .orElseThrow()
                .cases()
                .getFirst();
    }
}
