package io.murmuration.tensors.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

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
            case Sign1 sign -> {
                byte[] bits = new byte[(x.length + 7) / 8];
                for (int i = 0; i < x.length; i++) {
                    bits[i / 8] |= (byte) (Math.copySign(1, x[i]) < 0 ? 1 << i % 8 : 0);
                }
                out.position(out.capacity() - bits.length);
                out.put(bits);
            }
            default -> throw new IllegalArgumentException("no twin of " + codec);
        }
        return out.array();
    }

    private static float[] part(float[] x, int at, int block) {
        return Arrays.copyOfRange(x, at, Math.min(x.length, at + block));
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
