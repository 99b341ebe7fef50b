package io.murmuration.actors.averaging;

import io.murmuration.actors.protocol.Member;
import java.util.ArrayList;
import java.util.List;

/**
 * Who reduces which part of a stage's gradient: butterfly all-reduce (hivemind; PCCL, arXiv 2505.14065, for parity). The
 * vector is cut into one share per participant and each share into parts of bounded size; a part's owner sums it and
 * sends the average to all. Everybody derives the same plan from the same participants.
 */
record AveragingPlan(List<Member> participants, List<Part> parts) {

    /** A range of the vector and the place of its owner among the participants. */
    record Part(int number, int owner, long offset, long length) {}

    AveragingPlan {
        participants = List.copyOf(participants);
        parts = List.copyOf(parts);
    }

    /**
     * @param length numbers in the vector
     * @param partLength most numbers in a part
     */
    static AveragingPlan of(List<Member> participants, long length, long partLength) {
        int owners = participants.size();
        List<Part> parts = new ArrayList<>();
        for (int owner = 0; owner < owners; owner++) {
            long end = length * (owner + 1) / owners;
            for (long offset = length * owner / owners; offset < end; offset += partLength) {
                parts.add(new Part(parts.size(), owner, offset, Math.min(partLength, end - offset)));
            }
        }
        return new AveragingPlan(participants, parts);
    }

    int indexOf(Member member) {
        return participants.indexOf(member);
    }
}
