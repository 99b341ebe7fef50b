package io.murmuration.faults.injection;

import io.murmuration.faults.simulation.world.Block;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Pair;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/**
 * All that goes from one node to another, whoever opened the connection: one line that its streams share piece by piece, in
 * turn, and the faults in force on it. On the loop's thread.
 */
final class Direction {

    /** Something that travels: bytes of a stream, or a word about its connection. */
    interface Piece {
        int bytes();

        /** It has arrived, at the time it was to. */
        void arrive();

        /** Nothing arrives before what its stream sent earlier. */
        long after(long arrival);
    }

    /** Who waits for room. */
    interface Sender {
        /**
         * It is its turn to send, and there is room.
         *
         * @return whether it has more to send, and waits for its next turn
         */
        boolean room();
    }

    private final ProxyLoop loop;
    private final Pair pair;
    private final LinkTiming<Piece> timing;
    private final ArrayDeque<Sender> waiting = new ArrayDeque<>();
    private final Set<Relay> relays = new LinkedHashSet<>();
    private final List<Block> blocks = new ArrayList<>();
    private final List<UnaryOperator<LinkModel>> changes = new ArrayList<>();
    private final LinkModel quiet;
    private long planned = LinkTiming.NEVER;
    /** Who sends now has waited for its turn. */
    private boolean admitting;

    Direction(ProxyLoop loop, Pair pair, LinkModel model, long queue, SplittableRandom chance) {
        this.loop = loop;
        this.pair = pair;
        this.quiet = model;
        this.timing = new LinkTiming<>(model, queue, chance);
    }

    Pair pair() {
        return pair;
    }

    LinkModel model() {
        return timing.model();
    }

    /** Connections that use it. */
    Set<Relay> relays() {
        return relays;
    }

    boolean hasRoom() {
        return waiting.isEmpty() && timing.hasRoom();
    }

    /** {@code sender} is asked again, in its turn, when there is room. */
    void await(Sender sender) {
        waiting.add(sender);
        pump();
    }

    void send(Piece piece) {
        if (admitting) {
            timing.enterWaited(loop.now(), piece.bytes(), piece);
        } else {
            timing.enter(loop.now(), piece.bytes(), piece);
            pump();
        }
    }

    private void pump() {
        if (admitting) {
            return;
        }
        boolean more = true;
        while (more) {
            timing.depart(loop.now(), (arrival, piece) -> loop.at(piece.after(arrival), piece::arrive));
            more = !waiting.isEmpty() && timing.hasRoom();
            if (more) {
                admit(waiting.remove());
            }
        }
        long next = timing.next();
        if (next != LinkTiming.NEVER && (planned == LinkTiming.NEVER || next < planned)) {
            planned = next;
            loop.at(next, () -> {
                planned = LinkTiming.NEVER;
                pump();
            });
        }
    }

    private void admit(Sender sender) {
        admitting = true;
        try {
            if (sender.room()) {
                waiting.add(sender);
            }
        } finally {
            admitting = false;
        }
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    boolean blocked(Block by) {
        return blocks.contains(by);
    }

    boolean blocked() {
        return !blocks.isEmpty();
    }

    void block(Block by) {
        blocks.add(by);
        switch (by) {
            case DROP -> timing.hold();
            case BLACK_HOLE -> {}
            case REJECT, RESET -> List.copyOf(relays).forEach(Relay::reset);
        }
    }

    void unblock(Block by) {
        blocks.remove(by);
        if (!blocks.contains(Block.DROP)) {
            timing.release(loop.now());
            pump();
        }
    }

    void change(UnaryOperator<LinkModel> change) {
        changes.add(change);
        apply();
    }

    void unchange(UnaryOperator<LinkModel> change) {
        changes.remove(change);
        apply();
    }

    private void apply() {
        LinkModel model = quiet;
        for (UnaryOperator<LinkModel> change : changes) {
            model = change.apply(model);
        }
        timing.change(model);
        pump();
    }
}
