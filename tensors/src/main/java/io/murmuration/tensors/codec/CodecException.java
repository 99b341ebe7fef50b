package io.murmuration.tensors.codec;

/** Numbers that must not be encoded, or bytes that are not what they claim to be. */
public final class CodecException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CodecException(String message) {
        super(message);
    }
}
