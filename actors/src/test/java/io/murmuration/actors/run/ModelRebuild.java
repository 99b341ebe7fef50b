package io.murmuration.actors.run;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.Optional;

/** A {@link ModelShard} that builds a stage from its neighbours. */
final class ModelRebuild {

    private static final int PATIENCE = 20;

    private final RunModel world;
    private final ModelShard shard;
    private ShardMessage.Rebuild order;
    private Optional<String> below = Optional.empty();
    private Optional<String> above = Optional.empty();
    private int misses;

    ModelRebuild(RunModel world, ModelShard shard, ShardMessage.Rebuild order) {
        this.world = world;
        this.shard = shard;
        this.order = order;
        fetchLater();
    }

    boolean isFor(ShardMessage.Rebuild asked) {
        return order.stage() == asked.stage() && order.version() == asked.version();
    }

    void again(ShardMessage.Rebuild asked) {
        order = asked;
        if (misses > PATIENCE) {
            misses = 0;
            fetchLater();
        }
    }

    private void fetchLater() {
        world.inFlight.add(() -> {
            if (shard.rebuilds(this)) {
                fetch();
            }
        });
    }

    private void fetch() {
        below = below.or(() -> served(order.stage() - 1, order.below()));
        above = above.or(() -> served(order.stage() + 1, order.above()));
        if (below.isPresent() && above.isPresent()) {
            shard.rebuilt(order.version(), Integer.toHexString((below.get() + above.get()).hashCode()));
        } else if (++misses > PATIENCE) {
            shard.tell(new CoordinatorMessage.JoinFailed(shard.seen(), order.version(), true, "as the model has it"));
        } else {
            fetchLater();
        }
    }

    private Optional<String> served(int stage, ShardMessage.Neighbour neighbour) {
        return neighbour.donors().stream()
                .flatMap(donor -> world.serves(donor, stage, order.version()).stream())
                .findFirst();
    }
}
