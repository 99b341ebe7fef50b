package io.murmuration.tensors.codec;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The codecs that settings and headers can name. A name may carry parameters, {@code int8:64} for example; those left
 * out have their usual values.
 */
public final class Codecs {

    /**
     * A family of codecs that differ in their parameters.
     *
     * @param wireId number in the header of an {@link EncodedTensor}
     * @param usual the parameters unless others are given; a header always carries as many
     * @param make refuses parameters outside their ranges with a {@link CodecException}
     */
    private record Kind(int wireId, String name, int[] usual, Function<int[], Codec> make) {

        Kind(int wireId, String name, Codec only) {
            this(wireId, name, new int[0], parameters -> only);
        }
    }

    /** In the order of falling size. */
    private static final List<Kind> KINDS = List.of(
            new Kind(Fp32.WIRE_ID, "fp32", new Fp32()),
            new Kind(Fp16.WIRE_ID, "fp16", new Fp16()),
            new Kind(Bf16.WIRE_ID, "bf16", new Bf16()),
            new Kind(MeanStd16.WIRE_ID, "meanstd16", new int[] {MeanStd16.ONE_ROW}, p -> new MeanStd16(p[0])),
            new Kind(
                    BlockwiseInt8.WIRE_ID, "int8", new int[] {BlockwiseInt8.USUAL_BLOCK}, p -> new BlockwiseInt8(p[0])),
            new Kind(MinMax8.WIRE_ID, "minmax8", new int[] {MinMax8.USUAL_CHUNK}, p -> new MinMax8(p[0])),
            new Kind(DynamicInt8.WIRE_ID, "dynamic8", new int[] {DynamicInt8.USUAL_BLOCK}, p -> new DynamicInt8(p[0])),
            new Kind(
                    Uniform8.WIRE_ID,
                    "uniform8",
                    new int[] {Uniform8.USUAL_RANGE, Uniform8.CENTRED},
                    p -> new Uniform8(p[0], p[1])),
            new Kind(Quantile8.WIRE_ID, "quantile8", new Quantile8()),
            new Kind(LinearInt4.WIRE_ID, "int4", new int[] {LinearInt4.USUAL_BLOCK}, p -> new LinearInt4(p[0])),
            new Kind(Sign1.WIRE_ID, "sign1", new int[] {Sign1.NO_SCALES}, p -> new Sign1(p[0])));

    /** Drop most numbers, so they are of use only to a {@link Compressor} or an optimiser and no setting names them. */
    private static final List<Kind> SPARSE = List.of(
            new Kind(TopK.WIRE_ID, "topk", new int[] {0, 0, TopK.USUAL_SHARE}, p -> new TopK(p[0], p[1], p[2])),
            new Kind(
                    Sparse2Bit.WIRE_ID,
                    "sparse2bit",
                    new int[] {Sparse2Bit.LARGEST_CHUNK, Sparse2Bit.USUAL_K},
                    p -> new Sparse2Bit(p[0], p[1])),
            new Kind(DctTopK.WIRE_ID, "dct", new int[4], p -> new DctTopK(p[0], p[1], p[2], p[3], false)),
            new Kind(DctTopK.WIRE_ID_OF_SIGNS, "dct-sign", new int[4], p -> new DctTopK(p[0], p[1], p[2], p[3], true)));

    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

    private Codecs() {}

    /** In the order of falling size. */
    public static List<String> names() {
        return KINDS.stream().map(Kind::name).toList();
    }

    /**
     * @param name one of {@link #names()}, then parameters, each behind a colon
     * @throws IllegalArgumentException if there is no such codec, listing those there are; or if a parameter is outside its
     *     range
     */
    public static Codec byName(String name) {
        String[] parts = name.split(":", -1);
        Kind kind = KINDS.stream()
                .filter(known -> known.name.equals(parts[0]))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "expected a codec, one of " + String.join(", ", names()) + "; got " + name));
        int given = parts.length - 1;
        if (given > kind.usual.length || !Arrays.stream(parts).skip(1).allMatch(NUMBER.asMatchPredicate())) {
            throw new IllegalArgumentException(kind.name + ": expected at most " + kind.usual.length
                    + " whole numbers behind colons, got " + name);
        }
        int[] parameters = kind.usual.clone();
        for (int i = 0; i < given; i++) {
            parameters[i] = Integer.parseInt(parts[1 + i]);
        }
        try {
            return kind.make.apply(parameters);
        } catch (CodecException outside) {
            throw new IllegalArgumentException(outside.getMessage(), outside);
        }
    }

    /** {@code int8} with blocks of another length than the usual 4096 (1 to 65536). */
    public static Codec int8(int block) {
        return new BlockwiseInt8(block);
    }

    /** {@code meanstd16} with rows of this length; without a length a tensor is one row. */
    public static Codec meanStd16(int row) {
        return new MeanStd16(row);
    }

    /** {@code dynamic8} with blocks of 1 to 65536 numbers. */
    public static Codec dynamic8(int block) {
        return new DynamicInt8(block);
    }

    /** {@code minmax8} with chunks of 1 to 65536 numbers. */
    public static Codec minMax8(int chunk) {
        return new MinMax8(chunk);
    }

    /** {@code int4} with blocks of 2 to 4096 numbers, an even number. */
    public static Codec int4(int block) {
        return new LinearInt4(block);
    }

    /** {@code sign1} with a scale for every block of a multiple of 64 numbers, up to 65536. */
    public static Codec sign1(int block) {
        return new Sign1(block);
    }

    /**
     * The {@code share} largest of every million numbers of a tensor, exactly; see {@code docs/wire-format.md}.
     *
     * @param share 1 to a million; 10,000 is 1 %
     */
    public static Codec topK(int share) {
        return new TopK(0, 0, share);
    }

    /**
     * The largest numbers of every chunk, exactly.
     *
     * @param chunk consecutive numbers, 1 to 65536; 0 for the whole tensor as one
     * @param count how many of each, at least 1
     */
    public static Codec topK(int chunk, int count) {
        return new TopK(chunk, count, 0);
    }

    /**
     * The largest numbers of every chunk with 12-bit indices and 2-bit values, as SparseLoCo sends them.
     *
     * @param chunk consecutive numbers, 1 to 4096
     * @param k how many of each, 1 to {@code chunk}
     */
    public static Codec sparse2Bit(int chunk, int k) {
        return new Sparse2Bit(chunk, k);
    }

    /** Name and parameters as settings write them, {@code int8:4096}. */
    static String described(Codec codec) {
        return codec.name()
                + Arrays.stream(codec.wireParameters())
                        .mapToObj(parameter -> ":" + parameter)
                        .collect(Collectors.joining());
    }

    /** The codec that a header describes. */
    static Codec byWire(int id, int[] parameters) {
        Kind kind = Stream.concat(KINDS.stream(), SPARSE.stream())
                .filter(known -> known.wireId == id)
                .findFirst()
                .orElseThrow(() -> new CodecException("expected a codec of "
                        + Stream.concat(KINDS.stream(), SPARSE.stream())
                                .map(known -> known.wireId + " (" + known.name + ")")
                                .collect(Collectors.joining(", "))
                        + "; got " + id));
        if (parameters.length != kind.usual.length) {
            throw new CodecException(
                    kind.name + ": expected " + kind.usual.length + " parameters, got " + Arrays.toString(parameters));
        }
        return kind.make.apply(parameters);
    }
}
