/**
 * Who is there, on a real cluster: Pekko Cluster says which processes are, each process says what it hosts, and
 * {@code Directory} makes of both what the peers are told.
 */
package io.murmuration.cluster.membership;
