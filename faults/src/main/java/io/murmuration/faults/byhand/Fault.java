package io.murmuration.faults.byhand;

import io.murmuration.faults.simulation.world.Block;
import java.util.Optional;

/** What can be done by hand; its words are those of a scenario's events and modes. */
enum Fault {
    /** SIGKILL; started again when it is over. */
    KILL,
    /** SIGSTOP, then SIGCONT. */
    PAUSE,
    /** It hands over what it holds and goes, for good. */
    LEAVE,
    /** Its links drop what is sent; it arrives late. */
    PARTITION,
    /** Its links swallow what is sent. */
    BLACK_HOLE,
    /** Its links refuse connections and reset those there are. */
    REJECT,
    /** Its links reset connections as they come. */
    RESET,
    /** What it sends is dropped, what it is sent arrives. */
    ONE_WAY,
    /** Its links are slower or further. */
    LINK,
    /** Ends everything that lasts, and starts who was killed. */
    HEAL;

    /** How its links are cut, if they are. */
    Optional<Block> block() {
        return switch (this) {
            case PARTITION, ONE_WAY -> Optional.of(Block.DROP);
            case BLACK_HOLE -> Optional.of(Block.BLACK_HOLE);
            case REJECT -> Optional.of(Block.REJECT);
            case RESET -> Optional.of(Block.RESET);
            case KILL, PAUSE, LEAVE, LINK, HEAL -> Optional.empty();
        };
    }

    boolean ofLinks() {
        return this == LINK || block().isPresent();
    }

    boolean lasts() {
        return this != LEAVE && this != HEAL;
    }
}
