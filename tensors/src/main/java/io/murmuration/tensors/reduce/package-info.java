/**
 * Many vectors to one: sums in a fixed order, robust rules behind a gate, who reduces how much of a vector, and digests that
 * show whether replicas hold the same bits.
 */
package io.murmuration.tensors.reduce;
