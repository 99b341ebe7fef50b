package io.murmuration.cluster.local;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Which node is killed next: any that the cluster can do without, unless it is asked to bear the loss of any. Pure. */
final class KillChoice {

    /**
     * A node that takes part at this moment.
     *
     * @param stages of its shards
     */
    record Candidate(String name, boolean coordinates, List<Integer> stages) {}

    private final int quorum;
    private final boolean any;
    private final SplittableRandom random;

    /**
     * @param quorum coordinators that have to be left
     * @param any whether that, and the last replica of a stage, are fair game too
     */
    KillChoice(int quorum, boolean any, SplittableRandom random) {
        this.quorum = quorum;
        this.any = any;
        this.random = random;
    }

    /** @param present only who takes part: who has just come back is not counted on */
    Optional<String> next(List<Candidate> present) {
        List<Candidate> fair =
                present.stream().filter(one -> any || dispensable(one, present)).toList();
        return fair.isEmpty()
                ? Optional.empty()
                : Optional.of(fair.get(random.nextInt(fair.size())).name());
    }

    private boolean dispensable(Candidate one, List<Candidate> present) {
        long coordinators = present.stream().filter(Candidate::coordinates).count() - (one.coordinates() ? 1 : 0);
        boolean replaced = one.stages().stream().allMatch(stage -> present.stream()
                .anyMatch(other -> other != one && other.stages().contains(stage)));
        return coordinators >= quorum && replaced;
    }
}
