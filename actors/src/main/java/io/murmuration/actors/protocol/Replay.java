package io.murmuration.actors.protocol;

import java.util.Optional;

/**
 * Which stages may count a replayed microbatch, and where its gradient waits. Stages {@code from} to {@code to} lost
 * what they had counted; the stage after {@code to} still holds the gradient it sent.
 *
 * @param from first stage that counts
 * @param to last stage that counts
 * @param gradientHolder who sent the gradient into stage {@code to}; empty when {@code to} computes the loss itself
 */
public record Replay(int from, int to, Optional<Member> gradientHolder) {}
