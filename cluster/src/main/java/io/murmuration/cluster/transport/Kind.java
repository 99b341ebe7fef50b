package io.murmuration.cluster.transport;

/**
 * What a wire frame is. On the wire: four bytes of body length, one of kind, four of CRC32C over kind and body, big-endian,
 * then the body.
 */
enum Kind {
    /** First word of who listens: magic, protocol, nonce. Its layout never changes. */
    GREETING(1, 64),
    /** Answer of who connects. */
    HELLO(2, 1024),
    WELCOME(3, 1024),
    REJECTED(4, 4096),
    /** A data frame begins: its number, bytes that follow, and header. */
    BEGIN(5, 32 * 1024 + 64),
    /** Some of the bytes of the data frame that has begun. */
    DATA(6, Kind.LARGEST_FRAME - Kind.HEADER),
    /** What became of a data frame. */
    ANSWER(7, 8192),
    PING(8, 0),
    PONG(9, 0);

    /** Bytes before a body. */
    static final int HEADER = 9;

    /** Bytes of the largest wire frame, header included: no frame of another peer waits longer than this takes. */
    static final int LARGEST_FRAME = 256 * 1024;

    private static final Kind[] BY_CODE = new Kind[10];

    static {
        for (Kind kind : values()) {
            BY_CODE[kind.code] = kind;
        }
    }

    private final int code;
    private final int mostBytes;

    Kind(int code, int mostBytes) {
        this.code = code;
        this.mostBytes = mostBytes;
    }

    int code() {
        return code;
    }

    /** Bytes of the longest body. */
    int mostBytes() {
        return mostBytes;
    }

    static Kind of(int code) {
        if (code <= 0 || code >= BY_CODE.length) {
            throw new BadFrameException(
                    BadFrameException.Reason.KIND, "expected a kind of frame from 1 to 9, got " + code);
        }
        return BY_CODE[code];
    }
}
