package io.murmuration.tensors.codec;

import java.util.Arrays;
import java.util.List;

/** The codecs that settings and headers can name. */
public final class Codecs {

    private static final List<Codec> BY_NAME =
            List.of(new Fp32(), new Fp16(), new BlockwiseInt8(BlockwiseInt8.USUAL_BLOCK));

    private Codecs() {}

    /** In the order of falling size. */
    public static List<String> names() {
        return BY_NAME.stream().map(Codec::name).toList();
    }

    /** @throws IllegalArgumentException if there is no such codec; lists those there are */
    public static Codec byName(String name) {
        return BY_NAME.stream()
                .filter(codec -> codec.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "expected a codec, one of " + String.join(", ", names()) + "; got " + name));
    }

    /** {@code int8} with blocks of another length than the usual 4096 (1 to 65536). */
    public static Codec int8(int block) {
        return new BlockwiseInt8(block);
    }

    /** The codec that a header describes. */
    static Codec byWire(int id, int[] parameters) {
        return switch (id) {
            case 1 -> withoutParameters(new Fp32(), parameters);
            case 2 -> withoutParameters(new Fp16(), parameters);
            case 3 -> {
                if (parameters.length != 1) {
                    throw new CodecException(
                            "int8: expected one parameter (the block), got " + Arrays.toString(parameters));
                }
                yield new BlockwiseInt8(parameters[0]);
            }
            default -> throw new CodecException("expected a codec of 1 (fp32), 2 (fp16) or 3 (int8), got " + id);
        };
    }

    private static Codec withoutParameters(Codec codec, int[] parameters) {
        if (parameters.length != 0) {
            throw new CodecException(codec.name() + ": expected no parameters, got " + Arrays.toString(parameters));
        }
        return codec;
    }
}
