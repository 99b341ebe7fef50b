/**
 * What surrounds the nodes of a simulated run: the network, who sees whom, the machines. Everything random is drawn from
 * streams that follow from the seed and a stable name, so that one more link changes nothing on the others. Used by the
 * event loop's thread only.
 */
package io.murmuration.faults.simulation.world;
