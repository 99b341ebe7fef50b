package io.murmuration.actors.rebalance;

import java.util.List;

/**
 * Which stage needs a joiner most: one that has too few replicas to lose one, and else the slowest, where alone another shard
 * raises the rate of the pipeline (SWARM, arXiv 2301.11913, sec. 3: a joiner goes to the most loaded stage). Who is on its way
 * counts as if it were there, or all who come at once would go to the same stage. Pure.
 */
public final class JoinerPlacement {

    private JoinerPlacement() {}

    /**
     * @param stages stages of the pipeline
     * @param minimumReplicas shards that every stage should have first
     * @param reports of every shard that serves or is on its way, without the joiner
     * @return the stage with the smallest rate; ties: the largest queue, then the lowest number. While no rate is known all
     *     shards count the same, so that it is the stage with the fewest
     */
    public static int stage(int stages, int minimumReplicas, List<ShardReport> reports) {
        int[] shards = new int[stages];
        long[] queues = new long[stages];
        double[] rates = StageRates.of(stages, reports);
        for (ShardReport report : reports) {
            shards[report.stage()]++;
            queues[report.stage()] += report.queue();
        }
        int best = 0;
        for (int stage = 1; stage < stages; stage++) {
            int missing = Math.min(shards[stage], minimumReplicas);
            int missingThere = Math.min(shards[best], minimumReplicas);
            boolean needier = missing != missingThere
                    ? missing < missingThere
                    : rates[stage] != rates[best] ? rates[stage] < rates[best] : queues[stage] > queues[best];
            if (needier) {
                best = stage;
            }
        }
        return best;
    }
}
