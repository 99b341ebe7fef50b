package io.murmuration.tensors.checkpoint;

import java.util.Arrays;
import java.util.Optional;

/** The number formats of safetensors that are read here, under their names in the header. */
public enum Dtype {
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    U8(1);

    private final int bytes;

    Dtype(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one number. */
    public int bytes() {
        return bytes;
    }

    boolean isFloatingPoint() {
        return this == F32 || this == F16 || this == BF16;
    }

    static Optional<Dtype> byName(String name) {
        return Arrays.stream(values())
                .filter(dtype -> dtype.name().equals(name))
                .findFirst();
    }
}
