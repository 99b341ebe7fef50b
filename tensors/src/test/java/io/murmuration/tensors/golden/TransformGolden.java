package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.ChunkTransform;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Group {@code demo}: cases {@code dct*} ({@code basisN}; {@code coefS} of the chunk {@code xS}, and {@code inverseS}
 * back again) and {@code chunk_sizes*} ({@code chunkT} of each of {@code lengths}).
 */
final class TransformGolden implements GoldenCheck {

    @Override
    public boolean supports(String group, JsonNode testCase) {
        String name = testCase.path("name").asText();
        return group.equals("demo") && (name.startsWith("dct") || name.startsWith("chunk_sizes"));
    }

    @Override
    public void run(GoldenCase testCase) {
        for (String tensor : testCase.expected()) {
            if (tensor.startsWith("chunk")) {
                int target = Integer.parseInt(tensor.substring("chunk".length()));
                int[] sides = Arrays.stream(testCase.ids("lengths"))
                        .map(length -> ChunkTransform.side(length, target))
                        .toArray();
                testCase.assertIds(tensor, sides);
            } else if (tensor.startsWith("basis")) {
                testCase.assertClose(tensor, basis(testCase.shape(tensor)[0]));
            } else if (tensor.startsWith("coef")) {
                testCase.assertClose(tensor, coefficients(testCase, tensor.substring("coef".length())));
            } else if (tensor.startsWith("inverse")) {
                testCase.assertClose(tensor, thereAndBack(testCase, tensor.substring("inverse".length())));
            }
        }
    }

    /** Row i holds the coefficients of the i-th unit vector. */
    private static float[] basis(int length) {
        float[] basis = new float[length * length];
        for (int i = 0; i < length; i++) {
            float[] unit = new float[length];
            unit[i] = 1;
            System.arraycopy(forward(unit, 1, length), 0, basis, i * length, length);
        }
        return basis;
    }

    private static float[] coefficients(GoldenCase testCase, String suffix) {
        int[] shape = testCase.shape("x" + suffix);
        return forward(testCase.floats("x" + suffix), height(shape), shape[shape.length - 1]);
    }

    private static int height(int[] shape) {
        return shape.length == 1 ? 1 : shape[0];
    }

    private static float[] forward(float[] numbers, int height, int width) {
        try (Arena arena = Arena.ofConfined()) {
            int[] transposed = new int[numbers.length];
            new ChunkTransform(arena, height, width).forward(Floats.of(arena, numbers), 0, width, transposed);
            float[] coefficients = new float[numbers.length];
            for (int u = 0; u < height; u++) {
                for (int v = 0; v < width; v++) {
                    coefficients[u * width + v] = Float.intBitsToFloat(transposed[v * height + u]);
                }
            }
            return coefficients;
        }
    }

    private static float[] thereAndBack(GoldenCase testCase, String suffix) {
        int[] shape = testCase.shape("x" + suffix);
        int width = shape[shape.length - 1];
        float[] coefficients = coefficients(testCase, suffix);
        try (Arena arena = Arena.ofConfined()) {
            Floats back = Floats.allocate(arena, coefficients.length);
            int[] all = IntStream.range(0, coefficients.length).toArray();
            new ChunkTransform(arena, height(shape), width).inverse(all, coefficients, all.length, back, 0, width);
            return back.toArray();
        }
    }
}
