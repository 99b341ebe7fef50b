package io.murmuration.actors.protocol;

/** The fence of a data frame: which run, which life of the sender, which life of the receiver. */
public record Route(String run, Member from, Member to) {}
