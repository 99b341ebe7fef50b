/**
 * Scenarios that nobody has thought of: a seed draws the nodes, the links and what happens to them within stated limits,
 * written down as a file like any other.
 */
package io.murmuration.faults.explore;
