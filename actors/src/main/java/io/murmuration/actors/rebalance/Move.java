package io.murmuration.actors.rebalance;

import io.murmuration.actors.protocol.Member;

/** {@code shard} is to leave stage {@code from} for stage {@code to}: it announces, takes the state of its new stage, then leaves. */
public record Move(Member shard, int from, int to) {

    public Move {
        if (from < 0 || to < 0 || from == to) {
            throw new IllegalArgumentException(
                    "a move goes from one stage to another, got " + shard + " from " + from + " to " + to);
        }
    }
}
