/** A cluster of node processes on this machine: started, followed, killed now and then when asked, and stopped. */
package io.murmuration.cluster.local;
