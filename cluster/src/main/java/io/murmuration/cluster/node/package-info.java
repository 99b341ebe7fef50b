/** A node: one process of a cluster, from its settings to its exit code. */
package io.murmuration.cluster.node;
