/** Faults that somebody injects by hand into a cluster of processes on this machine. */
package io.murmuration.faults.byhand;
