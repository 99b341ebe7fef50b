/**
 * How much of the best possible throughput a pipeline keeps while nodes come and go by a trace, with and without the
 * rebalancer of {@code actors.rebalance}: arithmetic over virtual time, without actors.
 */
package io.murmuration.faults.balance;
