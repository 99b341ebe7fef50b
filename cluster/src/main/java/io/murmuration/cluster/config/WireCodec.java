package io.murmuration.cluster.config;

/** How a tensor is encoded between shards. */
public enum WireCodec {
    /** Exact. */
    FP32,
    /** Half precision, half the bytes. */
    FP16,
    /** Blockwise 8-bit integers with a scale per block, about a quarter of the bytes. */
    INT8
}
