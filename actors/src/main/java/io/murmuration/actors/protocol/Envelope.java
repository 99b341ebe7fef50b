package io.murmuration.actors.protocol;

/** A control message with its sender and receiver; one addressed to another incarnation is dropped on arrival. */
public record Envelope(Member from, Member to, ControlMessage message) {}
