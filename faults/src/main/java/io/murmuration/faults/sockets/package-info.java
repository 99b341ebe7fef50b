/** Real node processes, watched and put under stress from outside. */
package io.murmuration.faults.sockets;
