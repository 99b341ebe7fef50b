/** Sums over the replicas of a stage, and digests that show whether replicas hold the same bits. */
package io.murmuration.tensors.reduce;
