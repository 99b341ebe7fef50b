package io.murmuration.faults.simulation.world;

import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * One class of traffic in one direction between two nodes: its chance and its counts. The streams of chance are its own,
 * so what other links and classes carry changes nothing here.
 */
final class Lane {

    /**
     * How one message gets through.
     *
     * @param delay nanoseconds from the last bit sent, repetitions included
     * @param duplicate nanoseconds until it arrives again, if it does
     * @param heldUp later messages overtake it
     * @param corrupt it arrives damaged
     * @param givenUp it was lost so often that the connection breaks first
     */
    record Passage(long delay, OptionalLong duplicate, boolean heldUp, boolean corrupt, boolean givenUp) {}

    private final NetworkSettings settings;
    private final SplittableRandom chance;
    private boolean bad;
    private long messages;
    private long bytes;
    long dropped;
    long duplicated;
    long corrupted;
    private long retransmitted;

    Lane(NetworkSettings settings, SplittableRandom chance) {
        this.settings = settings;
        this.chance = chance;
    }

    /** @param retransmitAfter nanoseconds until the first repetition of what was lost */
    Passage pass(LinkModel model, long size, long retransmitAfter) {
        long most = settings.connectionTimeout().toNanos();
        long delay = latency(model);
        boolean givenUp = false;
        if (!(model.loss() instanceof Loss.None)) {
            long pieces = Math.max(1, Math.ceilDiv(size, settings.pieceBytes()));
            for (long piece = 0; piece < pieces && !givenUp; piece++) {
                long waited = waitForRepetitions(model.loss(), retransmitAfter, most);
                givenUp = waited >= most;
                delay += waited;
            }
        }
        boolean heldUp = happens(model.reorder());
        if (heldUp) {
            delay += chance.nextLong(1, settings.reorderWithin().toNanos() + 1);
        }
        boolean corrupt = happens(model.corrupt());
        OptionalLong duplicate = happens(model.duplicate())
                ? OptionalLong.of(
                        delay + chance.nextLong(1, settings.reorderWithin().toNanos() + 1))
                : OptionalLong.empty();
        return new Passage(delay, duplicate, heldUp, corrupt, givenUp);
    }

    LinkCount counts(String from, String to, TrafficClass traffic) {
        return new LinkCount(from, to, traffic, messages, bytes, dropped, duplicated, corrupted, retransmitted);
    }

    void count(long size) {
        messages++;
        bytes += size;
    }

    /** Nanoseconds of one message's latency. */
    private long latency(LinkModel model) {
        return Math.max(0, model.latency().toNanos() + model.jitter().nanos(chance));
    }

    private long waitForRepetitions(Loss loss, long retransmitAfter, long most) {
        long waited = 0;
        long timeout = retransmitAfter;
        while (waited < most && lost(loss)) {
            retransmitted++;
            waited += timeout;
            timeout = Math.min(2 * timeout, settings.mostRetransmit().toNanos());
        }
        return waited;
    }

    private boolean lost(Loss loss) {
        return switch (loss) {
            case Loss.None() -> false;
            case Loss.Independent(double probability) -> happens(probability);
            case Loss.GilbertElliott(double p, double r, double whenGood, double whenBad) -> {
                boolean changes = happens(bad ? r : p);
                bad ^= changes;
                yield happens(bad ? whenBad : whenGood);
            }
        };
    }

    /** Asks chance only where something may happen, so what cannot happen does not shift what can. */
    private boolean happens(double probability) {
        return probability > 0 && chance.nextDouble() < probability;
    }
}
