package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.ChunkTransform;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * What a worker encodes and decodes chunks of a DCT with. It is lent and handed back, so that neither garbage nor native
 * memory grows with the number of tensors or rounds. All codecs share what lies idle: a stage has hundreds of tensors, but
 * few kinds of chunks.
 */
final class DctScratch {

    /**
     * Most that lie idle, the longest idle being dropped: 8 workers with 4 kinds of chunks each. About 200 KiB each for
     * chunks of 64 x 64, 3 MiB for the largest.
     */
    static final int MOST_IDLE = 32;

    private static final Deque<DctScratch> IDLE = new ArrayDeque<>();

    private final int height;
    private final int width;
    private final int k;

    final ChunkTransform transform;
    final TopSelection selection;
    final int[] coefficients;

    /** Sums and counts by slot. */
    final float[] sums;

    final int[] counts;
    final int[] selected;
    final float[] values;
    final int[] meanSlots;
    final float[] means;

    private DctScratch(int height, int width, int k) {
        this.height = height;
        this.width = width;
        this.k = k;
        int slots = height * width;
        transform = new ChunkTransform(Arena.ofAuto(), height, width);
        selection = new TopSelection(slots, k, height);
        coefficients = new int[slots];
        sums = new float[slots];
        counts = new int[slots];
        selected = new int[k];
        values = new float[k];
        meanSlots = new int[slots];
        means = new float[slots];
    }

    /** For chunks of this kind, used by nobody else until it is given back; it holds anything. */
    static DctScratch take(int height, int width, int k) {
        synchronized (IDLE) {
            for (Iterator<DctScratch> idle = IDLE.iterator(); idle.hasNext(); ) {
                DctScratch scratch = idle.next();
                if (scratch.height == height && scratch.width == width && scratch.k == k) {
                    idle.remove();
                    return scratch;
                }
            }
        }
        return new DctScratch(height, width, k);
    }

    /** The taker must not use it any more. */
    void giveBack() {
        synchronized (IDLE) {
            if (IDLE.size() == MOST_IDLE) {
                IDLE.removeLast();
            }
            IDLE.addFirst(this);
        }
    }

    static int idle() {
        synchronized (IDLE) {
            return IDLE.size();
        }
    }
}
