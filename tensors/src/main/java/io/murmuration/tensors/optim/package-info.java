/**
 * What follows the reduce: norm, clipping, learning rate and optimiser. Replicas of a stage compare digests after every
 * step, so all of it gives equal bits on every machine: fixed chunks in a fixed order, only + - * / and the square root
 * (each rounded once by IEEE 754 and the Java language), and {@link java.lang.StrictMath} for powers and cosines.
 */
package io.murmuration.tensors.optim;
