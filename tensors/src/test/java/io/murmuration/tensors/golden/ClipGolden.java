package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.optim.GradientClip;
import io.murmuration.tensors.optim.Norms;
import java.lang.foreign.Arena;
import java.util.List;

/** Group {@code optim}, cases {@code clip*}: {@code grad.P} in, {@code norm} and {@code clipped.P} out. */
final class ClipGolden implements GoldenCheck {

    private static final String GRADIENT = "grad.";

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("optim") && testCase.path("name").asText().startsWith("clip");
    }

    @Override
    public void run(GoldenCase testCase) {
        List<String> gradients = testCase.tensors().stream()
                .filter(name -> name.startsWith(GRADIENT))
                .toList();
        double squared = 0;
        try (Arena arena = Arena.ofConfined()) {
            for (String name : gradients) {
                squared += Norms.squaredNorm(Floats.of(arena, testCase.floats(name)));
            }
        }
        double norm = StrictMath.sqrt(squared);
        testCase.assertClose("norm", (float) norm);
        float coefficient = GradientClip.coefficient(
                norm, testCase.params().path("max_norm").doubleValue());
        for (String name : gradients) {
            float[] clipped = testCase.floats(name);
            for (int i = 0; i < clipped.length; i++) {
                clipped[i] *= coefficient;
            }
            testCase.assertClose("clipped." + name.substring(GRADIENT.length()), clipped);
        }
    }
}
