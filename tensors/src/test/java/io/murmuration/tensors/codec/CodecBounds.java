package io.murmuration.tensors.codec;

import java.util.Arrays;

/**
 * How far a decoded number may lie from the original, for every codec: half a step of its code, plus what rounding the
 * scale and the arithmetic costs.
 */
final class CodecBounds {

    private static final double EPSILON = Math.scalb(1, -23);
    private static final double SMALLEST = Float.MIN_VALUE;
    private static final double LARGEST_BFLOAT16 = 0x1.fep127;

    private CodecBounds() {}

    static double bound(Codec codec, float[] numbers, int index) {
        double x = Math.abs((double) numbers[index]);
        return switch (codec) {
            case Fp32 fp32 -> 0;
            // 11 bits of mantissa; subnormals stand 2^-24 apart
            case Fp16 fp16 -> Math.max(x - 65504, x * Math.scalb(1, -11) + Math.scalb(1, -25));
            // 8 bits of mantissa; subnormals stand 2^-133 apart
            case Bf16 bf16 -> Math.max(x - LARGEST_BFLOAT16, x * Math.scalb(1, -8) + Math.scalb(1, -134));
            case MeanStd16 mean -> meanStd(range(numbers, index, mean.row()), numbers[index]);
            // half of absmax / 127; a subnormal scale may be off by a third
            case BlockwiseInt8 int8 -> {
                double absMax = absMax(range(numbers, index, int8.block()));
                yield absMax / 254 * (1 + Math.scalb(1, -15)) + 64 * SMALLEST;
            }
            // half the widest gap between neighbouring numbers, or from -1 to the least
            case DynamicInt8 dynamic -> absMax(range(numbers, index, dynamic.block())) * 0.00704 + 2 * SMALLEST;
            case MinMax8 minMax -> {
                float[] chunk = range(numbers, index, minMax.chunk());
                yield spread(chunk) / 510 * (1 + Math.scalb(1, -15)) + 2 * absMax(chunk) * EPSILON + 256 * SMALLEST;
            }
            case LinearInt4 int4 -> {
                double absMax = absMax(range(numbers, index, int4.block()));
                yield absMax / 14 * (1 + Math.scalb(1, -15)) + 16 * SMALLEST;
            }
            // what keeps its sign lies between 0 and twice a magnitude
            case Sign1 sign when sign.block() == Sign1.NO_SCALES -> Math.max(1, x);
            case Sign1 sign -> absMax(range(numbers, index, sign.block())) * (1 + EPSILON);
            case Uniform8 uniform -> uniform(uniform, numbers, numbers[index]);
            // a bucket's mean lies within the range of all numbers
            case Quantile8 quantile -> spread(numbers) + absMax(numbers) * EPSILON;
            case TopK dropsMost -> throw new AssertionError("see SparseCodecTest");
            case Sparse2Bit dropsMost -> throw new AssertionError("see SparseCodecTest");
            case DctTopK dropsMost -> throw new AssertionError("see SparseCodecTest");
        };
    }

    /** A half of the deviation from the mean; what is added costs an ulp of the largest number. */
    private static double meanStd(float[] row, double x) {
        double mean = Arrays.stream(doubles(row)).sum() / row.length;
        double deviation = Math.max(deviation(row, mean, row.length), EPSILON);
        return Math.abs(x - mean) * Math.scalb(1, -11) * (1 + 8 * EPSILON)
                + deviation * Math.scalb(1, -24)
                + 2 * absMax(row) * EPSILON
                + 2 * SMALLEST;
    }

    /** The width of a bucket, except for the two at the ends, which take all that lies beyond. */
    private static double uniform(Uniform8 codec, float[] numbers, double x) {
        double mean = codec.centred() * Arrays.stream(doubles(numbers)).sum() / numbers.length;
        double width = codec.range() * deviation(numbers, mean, Math.max(1, numbers.length - 1)) / 256;
        double rounding = 4 * absMax(numbers) * EPSILON + 64 * SMALLEST;
        boolean atTheEnds = Math.abs(x - mean) > 126 * width;
        return (atTheEnds ? spread(numbers) : width * 1.001) + rounding;
    }

    private static double deviation(float[] numbers, double mean, int divisor) {
        double sum = 0;
        for (float number : numbers) {
            sum += (number - mean) * (number - mean);
        }
        return Math.sqrt(sum / divisor);
    }

    private static float[] range(float[] numbers, int index, int block) {
        int from = index - index % block;
        return Arrays.copyOfRange(numbers, from, (int) Math.min(numbers.length, (long) from + block));
    }

    private static double absMax(float[] numbers) {
        return Arrays.stream(doubles(numbers)).map(Math::abs).max().orElseThrow();
    }

    private static double spread(float[] numbers) {
        double[] doubles = doubles(numbers);
        return Arrays.stream(doubles).max().orElseThrow()
                - Arrays.stream(doubles).min().orElseThrow();
    }

    private static double[] doubles(float[] numbers) {
        double[] doubles = new double[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            doubles[i] = numbers[i];
        }
        return doubles;
    }
}
