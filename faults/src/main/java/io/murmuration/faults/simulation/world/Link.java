package io.murmuration.faults.simulation.world;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/** One direction between two nodes: its model with all changes in force, what cuts it, its lanes. */
final class Link {

    /** A connection on which something waits for this direction to open. */
    interface Waiting {
        /** The direction is open again. */
        void opened();

        /** The direction is open again, but not for what waits. */
        void forgotten();
    }

    private final String from;
    private final String to;
    private final LinkModel base;
    private final long seed;
    private final NetworkSettings settings;
    private final List<UnaryOperator<LinkModel>> changes = new ArrayList<>();
    private final int[] blocks = new int[Block.values().length];
    private final Map<TrafficClass, Lane> lanes = new EnumMap<>(TrafficClass.class);
    private final FairShare.Resource resource;
    private final Set<Waiting> waiting = new LinkedHashSet<>();
    private boolean swallows;
    private LinkModel model;

    Link(String from, String to, LinkModel model, long seed, NetworkSettings settings) {
        this.from = from;
        this.to = to;
        this.base = model;
        this.model = model;
        this.seed = seed;
        this.settings = settings;
        this.resource = new FairShare.Resource(model.rate());
    }

    String from() {
        return from;
    }

    String to() {
        return to;
    }

    LinkModel model() {
        return model;
    }

    FairShare.Resource resource() {
        return resource;
    }

    Lane lane(TrafficClass traffic) {
        return lanes.computeIfAbsent(
                traffic, each -> new Lane(settings, Chances.stream(seed, from + "->" + to + "/" + each)));
    }

    Map<TrafficClass, Lane> lanes() {
        return lanes;
    }

    // ---- changes ------------------------------------------------------------------------------------------------

    void change(UnaryOperator<LinkModel> change) {
        changes.add(change);
        compute();
    }

    void undo(UnaryOperator<LinkModel> change) {
        changes.remove(change);
        compute();
    }

    private void compute() {
        model = base;
        changes.forEach(change -> model = change.apply(model));
    }

    // ---- cuts ---------------------------------------------------------------------------------------------------

    /** The worst of what cuts it. */
    Optional<Block> block() {
        for (Block block : Block.values()) {
            if (blocks[block.ordinal()] > 0) {
                return Optional.of(block);
            }
        }
        return Optional.empty();
    }

    boolean blocks(Block block) {
        return blocks[block.ordinal()] > 0;
    }

    /** Takes what is sent and never delivers it. */
    boolean silent() {
        return blocks(Block.DROP) || blocks(Block.BLACK_HOLE);
    }

    void cut(Block block) {
        blocks[block.ordinal()]++;
        swallows |= block == Block.BLACK_HOLE;
    }

    void mend(Block block) {
        blocks[block.ordinal()]--;
        if (!silent()) {
            List<Waiting> all = List.copyOf(waiting);
            waiting.clear();
            all.forEach(swallows ? Waiting::forgotten : Waiting::opened);
            swallows = false;
        }
    }

    void await(Waiting who) {
        waiting.add(who);
    }
}
