package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Roster;
import java.util.List;
import java.util.Optional;

/**
 * Whether a stage that has lost its last replica can be built from its neighbours (CheckFree, arXiv 2506.15461), so that the
 * version stays. A pure function.
 */
final class LostStage {

    /**
     * What came of the last step's gradients.
     *
     * @param version that the step made
     * @param byStage norm of each stage's average, before clipping
     */
    record Norms(long version, List<Double> byStage) {
        Norms {
            byStage = List.copyOf(byStage);
        }
    }

    /**
     * What a stage's neighbours weigh.
     *
     * @param below norm of the last gradient of the stage before it
     * @param above of the stage behind it
     */
    record Weights(double below, double above) {}

    /** Either the weights, or why there are none. */
    sealed interface Verdict {}

    record Rebuild(Weights weights) implements Verdict {}

    record Impossible(String reason) implements Verdict {}

    private LostStage() {}

    /**
     * @param roster of those who are left
     * @param version that they hold
     * @param newestKept that a keeper can serve
     * @param norms of the last step, where this coordinator has closed it
     */
    static Verdict of(RunPlan plan, Roster roster, int stage, long version, long newestKept, Optional<Norms> norms) {
        List<Integer> layers = plan.rebuildable();
        if (layers.isEmpty()) {
            return new Impossible("this run goes back to a checkpoint (swarm.lost-stage)");
        }
        if (stage == 0) {
            return new Impossible("it is the first, and no other has the embedding");
        }
        if (stage == plan.stages() - 1) {
            return new Impossible("it is the last, and no other has the head");
        }
        int own = layers.get(stage);
        int below = layers.get(stage - 1);
        int above = layers.get(stage + 1);
        if (below != own || above != own) {
            return new Impossible(
                    "it has " + own + " layers, and the stages next to it have " + below + " and " + above);
        }
        for (int other = 0; other < plan.stages(); other++) {
            if (other != stage && roster.stage(other).isEmpty()) {
                return new Impossible("stage " + other + " has nobody either");
            }
        }
        if (newestKept == version) {
            return new Impossible("a keeper has this very version, so nothing is lost by going back to it");
        }
        return norms.filter(last -> last.version() == version)
                .<Verdict>map(last -> new Rebuild(new Weights(
                        last.byStage().get(stage - 1), last.byStage().get(stage + 1))))
                .orElseGet(() -> new Impossible("this coordinator has not closed the step that made version " + version
                        + ", and does not know the gradients of the stages next to it"));
    }
}
