package io.murmuration.tensors.reduce;

/**
 * Whole numbers in proportion to scores, by the method of Hagenbach-Bischoff as hivemind uses it: everybody gets the whole
 * part of the exact share; what is left goes one by one to the largest {@code score / (allocated + 1)}, of equal ones to the
 * first.
 */
public final class Apportionment {

    private Apportionment() {}

    /**
     * @param total what is handed out, at least 0
     * @param scores finite and at least 0, not all 0
     * @return as many as scores, with the sum {@code total}
     */
    public static long[] of(long total, double... scores) {
        if (total < 0) {
            throw new IllegalArgumentException("expected at least 0 to hand out, got " + total);
        }
        double sum = 0;
        for (double score : scores) {
            if (!(score >= 0 && score <= Double.MAX_VALUE)) {
                throw new IllegalArgumentException("expected finite scores of at least 0, got " + score);
            }
            sum += score;
        }
        if (!(sum > 0 && sum <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("expected scores with a finite sum above 0, got " + sum);
        }
        long[] allocated = new long[scores.length];
        long left = total;
        for (int i = 0; i < scores.length; i++) {
            allocated[i] =
                    Math.min(left, (long) Math.floor(total * scores[i] / sum)); // rounding could give one too many
            left -= allocated[i];
        }
        for (; left > 0; left--) { // fewer than there are scores
            allocated[best(scores, allocated)]++;
        }
        return allocated;
    }

    private static int best(double[] scores, long[] allocated) {
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            if (scores[i] / (allocated[i] + 1) > scores[best] / (allocated[best] + 1)) {
                best = i;
            }
        }
        return best;
    }
}
