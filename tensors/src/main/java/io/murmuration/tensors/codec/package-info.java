/**
 * Codecs turn fp32 numbers into bytes and back; {@link io.murmuration.tensors.codec.EncodedTensor} is the self-describing
 * form in which such bytes travel. A {@link io.murmuration.tensors.codec.Compressor} is a codec that remembers what it did not send. Nothing that is not finite passes in either direction.
 */
package io.murmuration.tensors.codec;
