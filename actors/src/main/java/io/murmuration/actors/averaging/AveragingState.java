package io.murmuration.actors.averaging;

import io.murmuration.actors.averaging.AveragingPlan.Part;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * One replica's view of one atomic averaging: which contributions and averages have arrived. Sums are made in the order
 * of the participants, never of arrival, so the bits do not depend on the network.
 *
 * <p>Pure and single-threaded; bounded by parts times participants.
 */
final class AveragingState {

    private final AveragingPlan plan;
    private final int self;
    private final Map<Integer, Map<Integer, Payload>> contributions = new TreeMap<>();
    private final Set<Integer> reduced = new LinkedHashSet<>();
    private final Set<Integer> complete = new LinkedHashSet<>();

    AveragingState(AveragingPlan plan, int self) {
        this.plan = plan;
        this.self = self;
    }

    /** Parts this replica reduces. */
    List<Part> owned() {
        return plan.parts().stream().filter(part -> part.owner() == self).toList();
    }

    /** Parts this replica contributes to others. */
    List<Part> contributed() {
        return plan.parts().stream().filter(part -> part.owner() != self).toList();
    }

    /** Why a frame cannot be taken; empty if it can. */
    Optional<Refusal> refuse(DataFrame.AveragePart frame) {
        int sender = plan.indexOf(frame.route().from());
        if (sender < 0 || frame.part() < 0 || frame.part() >= plan.parts().size()) {
            return invalid("part " + frame.part() + " from " + frame.route().from() + " is not in this round");
        }
        int owner = plan.parts().get(frame.part()).owner();
        if (frame.average() ? owner != sender : owner != self) {
            return invalid("part " + frame.part() + " belongs to "
                    + plan.participants().get(owner));
        }
        return Optional.empty();
    }

    private static Optional<Refusal> invalid(String detail) {
        return Optional.of(Refusal.of(Refusal.Reason.INVALID, detail));
    }

    /**
     * Takes a contribution to an owned part. When it was the last one missing, the result is all of them, in the order of
     * the participants without this one.
     */
    Optional<List<Payload>> contribution(DataFrame.AveragePart frame) {
        if (reduced.contains(frame.part())) {
            return Optional.empty();
        }
        Map<Integer, Payload> arrived = contributions.computeIfAbsent(frame.part(), part -> new TreeMap<>());
        int sender = plan.indexOf(frame.route().from());
        if (arrived.putIfAbsent(sender, frame.payload()) != null
                || arrived.size() < plan.participants().size() - 1) {
            return Optional.empty();
        }
        reduced.add(frame.part());
        contributions.remove(frame.part());
        return Optional.of(new ArrayList<>(arrived.values()));
    }

    /** The average of a part is in place here. True when that was the last part. */
    boolean completed(int part) {
        complete.add(part);
        return complete.size() == plan.parts().size();
    }

    boolean isComplete(int part) {
        return complete.contains(part);
    }
}
