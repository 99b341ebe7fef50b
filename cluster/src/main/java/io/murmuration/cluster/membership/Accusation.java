package io.murmuration.cluster.membership;

/** One node gets no answer to its heartbeats from another. Which of the two, or which direction, is at fault nobody knows. */
record Accusation(Place observer, Place subject) {}
