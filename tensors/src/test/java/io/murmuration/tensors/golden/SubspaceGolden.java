package io.murmuration.tensors.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.codec.CodecException;
import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.Map;

/**
 * Group {@code subspace} on every backend: the arithmetic of the boundary ({@code X*} in; {@code Z*} and {@code X*_hat} out),
 * and blocks of a {@code mode} with the weights of the case that holds {@code E_s}, once with and once without compression.
 */
final class SubspaceGolden implements GoldenCheck {

    /** Figures of the manifest were taken in fp64, ours are of activations rebuilt in fp32. */
    private static final double FIGURE_PERCENT = 0.01;

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("subspace");
    }

    @Override
    public void run(GoldenCase testCase) {
        for (String name : Backends.names()) {
            Backend backend = Backends.byName(name);
            try (Arena arena = Arena.ofConfined()) {
                if (testCase.params().has("mode")) {
                    blocks(testCase, backend, arena);
                } else {
                    boundary(testCase, backend, arena);
                }
            }
        }
    }

    private static void boundary(GoldenCase testCase, Backend backend, Arena arena) {
        int dim = testCase.params().path("d").intValue();
        int rank = testCase.params().path("k").intValue();
        Floats basis = Floats.of(arena, testCase.floats("U"));
        SubspaceBoundary boundary = new SubspaceBoundary(backend, basis, dim, rank);
        Floats gram = Floats.allocate(arena, (long) rank * rank);
        boundary.gram(gram);
        testCase.assertClose("gram", gram.toArray());
        Floats known = Floats.of(arena, testCase.floats("R"));
        Floats z = Floats.allocate(arena, known.length() / dim * rank);
        Floats x = Floats.allocate(arena, known.length());
        for (String input : new String[] {"X", "X_off"}) {
            String suffix = input.substring(1);
            Floats given = Floats.of(arena, testCase.floats(input));
            boundary.project(given, known, x, z);
            testCase.assertClose("Z" + suffix, z.toArray());
            boundary.rebuild(z, known, x);
            testCase.assertClose(input + "_hat", x.toArray());
            JsonNode figure = testCase.json().path("off_subspace_relative_error");
            // In a subspace that is the whole space nothing is outside.
            boolean exact = suffix.isEmpty() || figure.asDouble(1) <= SubspaceBoundary.EXACT_WITHIN;
            requireExact(boundary, given, known, exact);
            if (!exact && figure.isNumber()) {
                assertThat(boundary.reconstructionError(given, known))
                        .isCloseTo(figure.doubleValue(), withPercentage(FIGURE_PERCENT));
            }
        }
        boundary.projectGradient(Floats.of(arena, testCase.floats("dX")), z);
        testCase.assertClose("dZ", z.toArray());
        boundary.rebuildGradient(z, x);
        testCase.assertClose("dX_hat", x.toArray());
    }

    private static void blocks(GoldenCase testCase, Backend backend, Arena arena) {
        GoldenCase weights = testCase.group().holding("E_s");
        SubspaceBlocks blocks = new SubspaceBlocks(
                arena, backend, weights, testCase.params().path("mode").asText());
        Floats sent = blocks.sent();
        Floats known = blocks.known();
        Floats z = blocks.projections();
        testCase.assertClose("R", known.toArray());
        testCase.assertClose("X1", sent.toArray());
        blocks.boundary().project(sent, known, blocks.activations(), z);
        testCase.assertClose("Z", z.toArray());
        boolean exact = testCase.json().path("exact").booleanValue();
        requireExact(blocks.boundary(), sent, known, exact);

        SubspaceBlocks.Run full = blocks.run(false);
        SubspaceBlocks.Run compressed = blocks.run(true);
        testCase.assertClose("X2", full.output());
        testCase.assertClose(exact ? "X2" : "X2_compressed", compressed.output());
        testCase.assertClose("dX1_full", full.gradientAtCut());
        blocks.boundary().projectGradient(Floats.of(arena, full.gradientAtCut()), z);
        testCase.assertClose("dZ", z.toArray());
        if (exact) {
            testCase.assertClose("dX1_full", compressed.gradientAtCut());
        }
        gradients(testCase, exact ? "grad." : "grad_full.", full.gradients());
        gradients(testCase, exact ? "grad." : "grad_compressed.", compressed.gradients());
    }

    private static void gradients(GoldenCase testCase, String prefix, Map<String, float[]> gradients) {
        for (String expected : testCase.expected()) {
            if (expected.startsWith(prefix)) {
                String weight = expected.substring(prefix.length());
                assertThat(gradients).as("weights of the block").containsKey(weight);
                testCase.assertClose(expected, gradients.get(weight));
            }
        }
    }

    private static void requireExact(SubspaceBoundary boundary, Floats x, Floats known, boolean exact) {
        if (exact) {
            boundary.requireExact(x, known, SubspaceBoundary.EXACT_WITHIN);
        } else {
            assertThatThrownBy(() -> boundary.requireExact(x, known, SubspaceBoundary.EXACT_WITHIN))
                    .isInstanceOf(CodecException.class)
                    .hasMessageContaining(Double.toString(boundary.reconstructionError(x, known)))
                    .hasMessageContaining(Double.toString(SubspaceBoundary.EXACT_WITHIN));
        }
    }
}
