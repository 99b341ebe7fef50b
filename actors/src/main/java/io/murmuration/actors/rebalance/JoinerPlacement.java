package io.murmuration.actors.rebalance;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which stage needs a joiner most: one that has too few replicas to lose one, and else the slowest, where alone another shard
 * raises the rate of the pipeline (SWARM, arXiv 2301.11913, sec. 3: a joiner goes to the most loaded stage). Who is on its way
 * counts as if it were there, or all who come at once would go to the same stage.
 *
 * <p>A stage that has a replica on the joiner's home already wins less by it, because one death would take both. It counts as if
 * it had {@value #SIBLING} shards more for each of these: so the joiner goes elsewhere if that leaves the stages a shard more
 * uneven, and not if it leaves them two. Pure.
 */
public final class JoinerPlacement {

    /** Between one and two: measured rates are never quite equal, and a shard's worth of difference is to be overcome. */
    private static final double SIBLING = 1.5;

    /** What there is in a stage. */
    private static final class Stage {
        private final int number;
        private int shards;
        private int siblings;
        private long queue;
        private double rate;

        private Stage(int number, double rate) {
            this.number = number;
            this.rate = rate;
        }

        private int number() {
            return number;
        }
    }

    private JoinerPlacement() {}

    /**
     * @param stages stages of the pipeline
     * @param minimumReplicas shards that every stage should have first
     * @param home of the joiner ({@code PeerId.home})
     * @param reports of every shard that serves or is on its way, without the joiner
     * @return the stage with the smallest rate, with what siblings count; ties: the fewest siblings, the largest queue, then the
     *     lowest number. While no rate is known all shards count the same
     */
    public static int stage(int stages, int minimumReplicas, String home, List<ShardReport> reports) {
        double[] rates = StageRates.of(stages, reports);
        double usual = StageRates.usual(reports);
        List<Stage> all = IntStream.range(0, stages)
                .mapToObj(number -> new Stage(number, rates[number]))
                .toList();
        for (ShardReport report : reports) {
            Stage stage = all.get(report.stage());
            stage.shards++;
            stage.queue += report.queue();
            if (report.shard().peer().home().equals(home)) {
                stage.siblings++;
                stage.rate += SIBLING * usual;
            }
        }
        return all.stream()
                .min(Comparator.<Stage>comparingInt(stage -> Math.min(stage.shards, minimumReplicas))
                        .thenComparingDouble(stage -> stage.rate)
                        .thenComparingInt(stage -> stage.siblings)
                        .thenComparing(stage -> stage.queue, Comparator.reverseOrder()))
                .map(Stage::number)
                .orElseThrow();
    }
}
