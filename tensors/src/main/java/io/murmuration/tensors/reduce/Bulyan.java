package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Bulyan (El Mhamdi et al., ICML 2018, arXiv 1802.07927): theta = n - 2f vectors are selected by Krum one after the other, each
 * time among those that remain; then per coordinate the mean of the theta - 2f selected values nearest to their median.
 * Where both ends are equally far from the median, the smaller value stays.
 */
public record Bulyan(int faults) implements RobustRule {

    public static final String NAME = "bulyan";

    private static final int BLOCK = 256;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Bound bound() {
        return new Bound(4, 3);
    }

    @Override
    public void combine(List<Floats> vectors, Floats target, Workers workers) {
        List<Floats> selected =
                choose(vectors, workers).stream().map(vectors::get).toList();
        int kept = selected.size() - 2 * faults;
        Ranges.run(workers, target.length(), (piece, from, to) -> {
            float[][] rows = new float[selected.size()][BLOCK];
            float[] column = new float[selected.size()];
            for (long at = from; at < to; at += BLOCK) {
                int count = (int) Math.min(BLOCK, to - at);
                for (int i = 0; i < rows.length; i++) {
                    MemorySegment.copy(
                            selected.get(i).segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, rows[i], 0, count);
                }
                for (int k = 0; k < count; k++) {
                    for (int i = 0; i < rows.length; i++) {
                        column[i] = rows[i][k];
                    }
                    rows[0][k] = nearestToMedian(column, kept);
                }
                MemorySegment.copy(rows[0], 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
            }
        });
    }

    /**
     * Indexes of the selected vectors in the order of their selection. Late rounds look at one neighbour only, so two that
     * are each other's nearest have exactly equal scores: the lower index wins.
     */
    public List<Integer> choose(List<Floats> vectors, Workers workers) {
        require(vectors.size());
        double[][] distances = Distances.pairs(vectors, workers);
        boolean[] remaining = new boolean[vectors.size()];
        Arrays.fill(remaining, true);
        List<Integer> selected = new ArrayList<>();
        for (int left = remaining.length; left > 2 * faults; left--) {
            int next = Krum.least(Krum.scores(distances, remaining, Math.max(1, left - faults - 2)));
            remaining[next] = false;
            selected.add(next);
        }
        return List.copyOf(selected);
    }

    private static float nearestToMedian(float[] column, int kept) {
        Arrays.sort(column);
        int n = column.length;
        double median = ((double) column[(n - 1) / 2] + column[n / 2]) / 2;
        int from = 0;
        int to = n;
        while (to - from > kept) {
            if (median - column[from] > column[to - 1] - median) {
                from++;
            } else {
                to--;
            }
        }
        double sum = column[from];
        for (int i = from + 1; i < to; i++) {
            sum += column[i];
        }
        return (float) (sum / kept) + 0f; // -0 + 0 is +0, as in the other rules by coordinate
    }
}
