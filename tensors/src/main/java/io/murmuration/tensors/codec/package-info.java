/**
 * Codecs turn fp32 numbers into bytes and back; {@link io.murmuration.tensors.codec.EncodedTensor} is the self-describing
 * form in which such bytes travel. A {@link io.murmuration.tensors.codec.Compressor} is a codec that remembers what it did
 * not send. Nothing that is not finite passes in either direction. {@link
 * io.murmuration.tensors.codec.SubspaceBoundary} makes fewer numbers of activations before a codec sees them.
 */
package io.murmuration.tensors.codec;
