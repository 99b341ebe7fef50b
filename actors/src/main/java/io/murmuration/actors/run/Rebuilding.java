package io.murmuration.actors.run;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.List;
import java.util.Optional;

/**
 * A stage that has lost its last replica is built from its neighbours, while everybody else keeps the version in place: one
 * shard that has no stage yet does it, and whoever else is to serve in that stage then joins it like any joiner, so all its
 * replicas have the same bits. Where nobody is free, one of a stage with several replicas starts over for it. Pure and
 * single-threaded.
 */
final class Rebuilding {

    private final Desk desk;
    private final int stage;
    private final LostStage.Weights weights;
    private final boolean stepOpen;
    private final AskAgain asking;
    private Optional<Member> builder = Optional.empty();
    /** Who was told to start over for this stage is waited for, so long that it can come back. */
    private Optional<Long> freed = Optional.empty();

    private int failures;

    /** @param stepOpen whether a step was under way when the stage was lost */
    Rebuilding(Desk desk, int stage, LostStage.Weights weights, boolean stepOpen) {
        this.desk = desk;
        this.stage = stage;
        this.weights = weights;
        this.stepOpen = stepOpen;
        this.asking = new AskAgain(desk.plan.controlRetry(), desk.now);
        desk.joins.stageLost(stage);
        desk.digests.remove(stage);
    }

    int stage() {
        return stage;
    }

    LostStage.Weights weights() {
        return weights;
    }

    boolean stepOpen() {
        return stepOpen;
    }

    /** Somebody has come, or time has passed. */
    void advance() {
        if (builder.isPresent()) {
            if (asking.due(desk.now)) {
                order(builder.get());
            }
            return;
        }
        List<Member> free = desk.members.waiting();
        if (free.isEmpty()) {
            free();
            return;
        }
        // Not always the same one: whoever failed last is behind those who have not tried.
        Member chosen = free.get(failures % free.size());
        builder = Optional.of(chosen);
        desk.members.rebuilds(chosen, stage);
        asking.restart(desk.now);
        order(chosen);
    }

    private void order(Member member) {
        desk.send(
                member,
                new ShardMessage.Rebuild(
                        desk.epoch(),
                        desk.history,
                        stage,
                        desk.version,
                        new ShardMessage.Neighbour(desk.joins.pin(stage - 1, member), weights.below()),
                        new ShardMessage.Neighbour(desk.joins.pin(stage + 1, member), weights.above())));
    }

    /** Somebody must serve the stage: one of the stage that has most can best be spared. */
    private void free() {
        boolean awaited = freed.filter(
                        since -> desk.now - since < desk.plan.gatherWait().toNanos())
                .isPresent();
        if (awaited) {
            return;
        }
        List<Member> most = List.of();
        for (List<Member> shards : desk.roster.stages()) {
            List<Member> there =
                    shards.stream().filter(desk.promises::isReachable).toList();
            most = there.size() > most.size() ? there : most;
        }
        if (most.size() > 1) {
            freed = Optional.of(desk.now);
            desk.expel(most.getLast(), false, "stage " + stage + " has nobody");
        } else {
            desk.waitFor("stage " + stage + " has no shard");
        }
    }

    /** True if the stage is there. */
    boolean enlisted(Member from, CoordinatorMessage.Enlisted enlisted) {
        if (builder.filter(from::equals).isEmpty()
                || !desk.members.isJoining(from)
                || enlisted.stage() != stage
                || enlisted.version() != desk.version) {
            return false;
        }
        desk.joins.unpin(from);
        desk.members.enlisted(from, enlisted.digest());
        desk.digests.put(stage, enlisted.digest());
        desk.waitsNoMore();
        return true;
    }

    /** The builder cannot go on. The result is set when it was tried often enough. */
    Optional<String> failed(Member from, CoordinatorMessage.JoinFailed failed) {
        if (builder.filter(from::equals).isEmpty() || failed.version() != desk.version) {
            return Optional.empty();
        }
        failures++;
        desk.joins.unpin(from);
        desk.members.waits(from);
        builder = Optional.empty();
        return failures < desk.plan.joins().attempts() ? Optional.empty() : Optional.of(failed.reason());
    }

    /** A member is not there any more. */
    void gone(Member member) {
        if (builder.filter(member::equals).isPresent()) {
            builder = Optional.empty();
        }
    }
}
