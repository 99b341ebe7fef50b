/** Which shard should move to which stage, and when none should: pure policy, asked once a period. */
package io.murmuration.actors.rebalance;
