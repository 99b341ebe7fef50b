package io.murmuration.actors.protocol;

import java.util.List;
import java.util.Optional;

/**
 * How a replayed microbatch goes. Stages {@code from} to {@code to} compute it again, because they lost what they had
 * counted, or because they lost what their neighbour needs; the stage before still has the activations it sent, the
 * stage after the gradient it sent.
 *
 * @param from first stage that computes
 * @param to last stage that computes
 * @param counting those of them that count; the others have it in their average already
 * @param gradientHolder who sent the gradient into stage {@code to}; empty when {@code to} computes the loss itself
 */
public record Replay(int from, int to, List<Integer> counting, Optional<Member> gradientHolder) {
    public Replay {
        counting = List.copyOf(counting);
    }

    public boolean counts(int stage) {
        return counting.contains(stage);
    }
}
