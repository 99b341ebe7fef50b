package io.murmuration.cluster.node;

import io.murmuration.cluster.compute.MemoryPlan;
import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.run.MemoryLimit;
import java.util.Locale;
import java.util.Optional;

/**
 * How many shards a node runs: what its operator says, if that fits, or what its memory and its cores allow.
 *
 * @param number 0 without the role shard
 * @param arithmetic why so many, in one line, if that was found out here
 */
record NodeShards(int number, Optional<String> arithmetic) {

    private static final String FEWER = "fewer node.shards";

    /**
     * To be asked before anything is allocated.
     *
     * @throws io.murmuration.cluster.config.UserError with the whole arithmetic, if memory does not suffice
     */
    static NodeShards of(NodeSettings node, RunSettings run) {
        return of(node, run, MemoryLimit.of(run));
    }

    static NodeShards of(NodeSettings node, RunSettings run, MemoryLimit limit) {
        boolean chosen = node.computes() && node.shards().isEmpty();
        int number = node.computes() ? node.shards().orElseGet(() -> most(node, run, limit)) : 0;
        MemoryPlan plan = MemoryPlan.ofNode(run, number, node.coordinates());
        limit.require(plan, FEWER);
        return new NodeShards(number, chosen ? Optional.of(told(number, plan, run, limit)) : Optional.empty());
    }

    /** At least one, whether it fits or not. */
    private static int most(NodeSettings node, RunSettings run, MemoryLimit limit) {
        int most = Math.min(NodeSettings.MOST_SHARDS, run.compute().threads());
        while (most > 1 && MemoryPlan.ofNode(run, most, node.coordinates()).total() > limit.bytes()) {
            most--;
        }
        return most;
    }

    private static String told(int number, MemoryPlan plan, RunSettings run, MemoryLimit limit) {
        return String.format(
                Locale.ROOT,
                "node.shards = auto: %d, with %s each and %s for checkpoints of %s (%s), %d compute threads and never more"
                        + " than %d",
                number,
                MemoryPlan.size((plan.total() - plan.checkpoint()) / number),
                MemoryPlan.size(plan.checkpoint()),
                MemoryPlan.size(limit.bytes()),
                limit.from(),
                run.compute().threads(),
                NodeSettings.MOST_SHARDS);
    }
}
