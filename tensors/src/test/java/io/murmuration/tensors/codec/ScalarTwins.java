package io.murmuration.tensors.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * The codecs written out number by number, as their definitions read: what the vector kernels must agree with bit for bit.
 * For numbers of ordinary size; what happens at the end of the range the bounds say.
 */
final class ScalarTwins {

    private static final int LARGEST_FINITE_BFLOAT16 = 0x7f7f;

    private ScalarTwins() {}

    static byte[] encode(Codec codec, float[] x) {
        ByteBuffer out = ByteBuffer.allocate((int) codec.encodedSize(x.length)).order(ByteOrder.LITTLE_ENDIAN);
        switch (codec) {
            case Fp16 fp16 -> {
                for (float number : x) {
                    out.putShort(Float.floatToFloat16(Math.clamp(number, -65504f, 65504f)));
                }
            }
            case Bf16 bf16 -> {
                for (float number : x) {
                    out.putShort(bfloat16(number));
                }
            }
            case BlockwiseInt8 int8 -> {
                for (int at = 0; at < x.length; at += int8.block()) {
                    out.putFloat(absMax(part(x, at, int8.block())));
                }
                for (int at = 0; at < x.length; at += int8.block()) {
                    float[] block = part(x, at, int8.block());
                    for (float number : block) {
                        out.put((byte) code(number, 0, absMax(block) / 127, -127, 127));
                    }
                }
            }
            case MinMax8 minMax -> {
                for (int at = 0; at < x.length; at += minMax.chunk()) {
                    float[] chunk = part(x, at, minMax.chunk());
                    float[] sorted = chunk.clone();
                    Arrays.sort(sorted);
                    float scale = (sorted[sorted.length - 1] - sorted[0]) / 255;
                    out.putFloat(sorted[0]).putFloat(scale);
                    for (float number : chunk) {
                        out.put((byte) code(number, sorted[0], scale, 0, 255));
                    }
                }
            }
            case LinearInt4 int4 -> {
                for (int at = 0; at < x.length; at += int4.block()) {
                    float[] block = part(x, at, int4.block());
                    float scale = absMax(block) / 7;
                    out.putFloat(scale);
                    for (int i = 0; i < block.length; i += 2) {
                        int high = i + 1 < block.length ? code(block[i + 1], 0, scale, -7, 7) : 0;
                        out.put((byte) (code(block[i], 0, scale, -7, 7) + 8 | high + 8 << 4));
                    }
                }
            }
            case MeanStd16 mean -> {
                int rows = Math.ceilDiv(x.length, mean.row());
                for (int number = 0; number < rows; number++) {
                    float[] row = part(x, number * mean.row(), mean.row());
                    // a row that all workers share is summed block by block
                    int run =
                            mean.row() == MeanStd16.ONE_ROW || row.length > Blocks.LENGTH ? Blocks.LENGTH : row.length;
                    float middle = mean(row, run);
                    float deviation = Math.max((float) Math.sqrt(squares(row, middle, run) / row.length), 0x1p-23f);
                    out.putFloat(2 * x.length + 4 * number, middle);
                    out.putFloat(2 * x.length + 4 * (rows + number), deviation);
                    for (float value : row) {
                        out.putShort(Float.floatToFloat16((value - middle) / deviation));
                    }
                }
            }
            case Uniform8 uniform -> {
                float middle = uniform.centred() == 1 ? mean(x, Blocks.LENGTH) : 0;
                double squares = squares(x, middle, Blocks.LENGTH);
                float width = uniform.range() * (float) Math.sqrt(squares / Math.max(1, x.length - 1)) / 256;
                double[] sums = new double[256];
                int[] counts = new int[256];
                out.position(1024);
                for (float number : x) {
                    int code = code(number, middle, width, -128, 127) + 128;
                    sums[code] += number;
                    counts[code]++;
                    out.put((byte) code);
                }
                for (int code = 0; code < 256; code++) {
                    out.putFloat(4 * code, counts[code] == 0 ? 0 : (float) (sums[code] / counts[code]));
                }
            }
            case Sign1 sign -> {
                for (int at = 0; sign.block() > 0 && at < x.length; at += sign.block()) {
                    float[] block = part(x, at, sign.block());
                    out.putFloat((float) (sum(block, block.length, Math::abs) / block.length));
                }
                byte[] bits = new byte[(x.length + 7) / 8];
                for (int i = 0; i < x.length; i++) {
                    bits[i / 8] |= (byte) (Math.copySign(1, x[i]) < 0 ? 1 << i % 8 : 0);
                }
                out.put(bits);
            }
            default -> throw new IllegalArgumentException("no twin of " + codec);
        }
        return out.array();
    }

    private static float[] part(float[] x, int at, int block) {
        return Arrays.copyOfRange(x, at, (int) Math.min(x.length, (long) at + block));
    }

    private static float mean(float[] x, int run) {
        return (float) (sum(x, run, number -> number) / x.length);
    }

    private static double squares(float[] x, float mean, int run) {
        return sum(x, run, number -> {
            double difference = (float) number - mean;
            return difference * difference;
        });
    }

    /** Run by run; of a run number i goes to sum i mod 4, those behind the last whole four to the first. */
    private static double sum(float[] x, int run, DoubleUnaryOperator term) {
        double sum = 0;
        for (int at = 0; at < x.length; at += run) {
            int count = Math.min(run, x.length - at);
            double[] sums = new double[4];
            for (int i = 0; i < count; i++) {
                sums[i < count - count % 4 ? i % 4 : 0] += term.applyAsDouble(x[at + i]);
            }
            sum += (sums[0] + sums[1]) + (sums[2] + sums[3]);
        }
        return sum;
    }

    private static float absMax(float[] x) {
        float largest = 0;
        for (float number : x) {
            largest = Math.max(largest, Math.abs(number));
        }
        return largest;
    }

    private static int code(float x, float zero, float scale, int low, int high) {
        return scale == 0 ? 0 : (int) Math.clamp(Math.rint((x - zero) / scale), low, high);
    }

    /** Of the two neighbours the nearer, of two as near the even one. */
    private static short bfloat16(float x) {
        int below = Float.floatToRawIntBits(Math.abs(x)) >>> 16;
        double down = Float.intBitsToFloat(below << 16);
        double up = below == LARGEST_FINITE_BFLOAT16 ? Math.scalb(1.0, 128) : Float.intBitsToFloat(below + 1 << 16);
        double toDown = Math.abs(x) - down;
        double toUp = up - Math.abs(x);
        int nearest = toDown < toUp || toDown == toUp && below % 2 == 0 ? below : below + 1;
        nearest = Math.min(nearest, LARGEST_FINITE_BFLOAT16);
        return (short) (nearest | (Math.copySign(1, x) < 0 ? 0x8000 : 0));
    }
}
