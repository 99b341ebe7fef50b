package io.murmuration.actors.protocol;

import java.util.List;
import java.util.OptionalInt;

/**
 * Who takes part, fenced by its epoch. All lists are sorted by peer id, so that everybody derives the same ranks.
 *
 * @param stages the shards of every stage
 * @param trainers the trainers
 */
public record Roster(Epoch epoch, List<List<Member>> stages, List<Member> trainers) {

    public static final Roster EMPTY = new Roster(Epoch.NONE, List.of(), List.of());

    public Roster {
        stages = stages.stream().map(List::copyOf).toList();
        trainers = List.copyOf(trainers);
    }

    /** The shards of {@code stage}; nobody beyond either end of the pipeline. */
    public List<Member> stage(int stage) {
        return stage < 0 || stage >= stages.size() ? List.of() : stages.get(stage);
    }

    public int shards() {
        return stages.stream().mapToInt(List::size).sum();
    }

    /** In which stage {@code shard} serves. */
    public OptionalInt stageOf(Member shard) {
        for (int stage = 0; stage < stages.size(); stage++) {
            if (stages.get(stage).contains(shard)) {
                return OptionalInt.of(stage);
            }
        }
        return OptionalInt.empty();
    }

    /** The next roster, which lacks {@code member}. */
    public Roster without(Member member) {
        return new Roster(
                epoch.next(),
                stages.stream()
                        .map(shards -> shards.stream()
                                .filter(shard -> !shard.equals(member))
                                .toList())
                        .toList(),
                trainers.stream().filter(trainer -> !trainer.equals(member)).toList());
    }

    public boolean contains(Member member) {
        return trainers.contains(member) || stageOf(member).isPresent();
    }
}
