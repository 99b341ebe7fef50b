package io.murmuration.tensors.golden;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The named tensors of a case as one flat vector, in the order of the manifest: cases give {@code KIND.NAME}, and this
 * code works on vectors.
 */
final class Tensors {

    private final GoldenCase testCase;
    private final Map<String, Integer> lengths = new LinkedHashMap<>();

    /** @param start the kind that has every tensor once, without further axes */
    Tensors(GoldenCase testCase, String start) {
        this.testCase = testCase;
        for (String name : testCase.tensors()) {
            if (name.startsWith(start + ".")) {
                lengths.put(name.substring(start.length() + 1), testCase.floats(name).length);
            }
        }
    }

    int length() {
        return lengths.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** First number of a tensor in the vector. */
    int offset(String tensor) {
        int at = 0;
        for (Map.Entry<String, Integer> entry : lengths.entrySet()) {
            if (entry.getKey().equals(tensor)) {
                return at;
            }
            at += entry.getValue();
        }
        throw new AssertionError(testCase.name() + ": no tensor " + tensor);
    }

    int length(String tensor) {
        return lengths.get(tensor);
    }

    /** All tensors of a kind: row by row over their leading axes, each row a whole vector. */
    float[][] rows(String kind) {
        float[][] rows = null;
        for (Map.Entry<String, Integer> entry : lengths.entrySet()) {
            float[] values = testCase.floats(kind + "." + entry.getKey());
            int length = entry.getValue();
            if (rows == null) {
                rows = new float[values.length / length][length()];
            }
            for (int row = 0; row < rows.length; row++) {
                System.arraycopy(values, row * length, rows[row], offset(entry.getKey()), length);
            }
        }
        return rows;
    }

    /** Compares rows of vectors with the tensors of a kind. */
    void assertClose(String kind, float[]... rows) {
        for (Map.Entry<String, Integer> entry : lengths.entrySet()) {
            int length = entry.getValue();
            float[] values = new float[rows.length * length];
            for (int row = 0; row < rows.length; row++) {
                System.arraycopy(rows[row], offset(entry.getKey()), values, row * length, length);
            }
            testCase.assertClose(kind + "." + entry.getKey(), values);
        }
    }
}
