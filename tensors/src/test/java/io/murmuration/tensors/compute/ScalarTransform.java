package io.murmuration.tensors.compute;

/**
 * The scalar twin of {@link CosineKernels}: the same operations on one number at a time, with a basis worked out anew. It
 * says which bits the vector kernel must give.
 */
final class ScalarTransform {

    private ScalarTransform() {}

    static float wave(int n, int i, int u) {
        double angle = Math.PI * ((2L * i + 1) * u % (4L * n)) / (2.0 * n);
        return (float) (StrictMath.sqrt((u == 0 ? 1.0 : 2.0) / n) * StrictMath.cos(angle));
    }

    /** Coefficients of one column. */
    static float[] forward(float[] numbers) {
        int n = numbers.length;
        float[] x = numbers.clone();
        float[] out = new float[n];
        int size = n;
        int step = 1;
        for (; size % 2 == 0; size /= 2, step *= 2) {
            for (int i = 0; i < size / 2; i++) {
                float a = x[i];
                float b = x[size - 1 - i];
                x[i] = a + b;
                x[size - 1 - i] = a - b;
            }
            for (int u = step; u < n; u += 2 * step) {
                float sum = 0;
                for (int row = size / 2; row < size; row++) {
                    sum = Math.fma(x[row], wave(n, size - 1 - row, u), sum);
                }
                out[u] = sum;
            }
        }
        for (int u = 0; u < n; u += step) {
            float sum = 0;
            for (int row = 0; row < size; row++) {
                sum = Math.fma(x[row], wave(n, row, u), sum);
            }
            out[u] = sum;
        }
        return out;
    }

    /** The column of these coefficients. */
    static float[] inverse(float[] coefficients) {
        return firstRows(coefficients, coefficients.length, 1);
    }

    /** The first {@code size} rows of what the multiples of {@code step} give. */
    private static float[] firstRows(float[] coefficients, int size, int step) {
        int n = coefficients.length;
        float[] out = new float[size];
        if (size % 2 == 1) {
            for (int row = 0; row < size; row++) {
                for (int u = 0; u < n; u += step) {
                    out[row] = Math.fma(coefficients[u], wave(n, row, u), out[row]);
                }
            }
            return out;
        }
        float[] even = firstRows(coefficients, size / 2, 2 * step);
        for (int i = 0; i < size / 2; i++) {
            float odd = 0;
            for (int u = step; u < n; u += 2 * step) {
                odd = Math.fma(coefficients[u], wave(n, i, u), odd);
            }
            out[i] = even[i] + odd;
            out[size - 1 - i] = even[i] - odd;
        }
        return out;
    }

    /** Both axes of a chunk, first down the columns and then along the rows; row-major. */
    static float[] forward(float[] chunk, int height, int width) {
        float[] out = new float[chunk.length];
        for (int j = 0; j < width; j++) {
            float[] column = new float[height];
            for (int i = 0; i < height; i++) {
                column[i] = chunk[i * width + j];
            }
            float[] down = forward(column);
            for (int u = 0; u < height; u++) {
                out[u * width + j] = down[u];
            }
        }
        for (int u = 0; u < height; u++) {
            float[] row = new float[width];
            System.arraycopy(out, u * width, row, 0, width);
            System.arraycopy(forward(row), 0, out, u * width, width);
        }
        return out;
    }

    /** Rows coefficient by coefficient in ascending order of slots, then columns. */
    static float[] inverse(float[] coefficients, int height, int width) {
        float[] out = new float[coefficients.length];
        for (int u = 0; u < height; u++) {
            for (int v = 0; v < width; v++) {
                for (int j = 0; coefficients[u * width + v] != 0 && j < width; j++) {
                    int at = u * width + j;
                    out[at] = Math.fma(wave(width, j, v), coefficients[u * width + v], out[at]);
                }
            }
        }
        for (int j = 0; j < width; j++) {
            float[] column = new float[height];
            for (int u = 0; u < height; u++) {
                column[u] = out[u * width + j];
            }
            float[] up = inverse(column);
            for (int i = 0; i < height; i++) {
                out[i * width + j] = up[i];
            }
        }
        return out;
    }
}
