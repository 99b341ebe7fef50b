package io.murmuration.tensors.optim;

/**
 * The learning rate of each step, from step 0. All start with a linear warm-up: {@code start + (base - start) step /
 * warmup} while {@code step < warmup}. The shapes are those of PsycheFoundation/psyche, {@code core/definitions.rs}.
 */
public sealed interface Schedule {

    /**
     * @param step number of the step, from 0 (AdamW counts from 1)
     * @return the learning rate of that step
     */
    double learningRate(long step);

    /**
     * The climb at the beginning.
     *
     * @param base learning rate at the end of the warm-up, above 0
     * @param warmup steps of the climb, at least 0
     * @param start learning rate of step 0 if there is a warm-up, at least 0
     */
    record Warmup(double base, long warmup, double start) {
        public Warmup {
            rate("base", base);
            rate("start", start);
            steps("warmup", warmup);
        }

        private boolean holds(long step) {
            return step < warmup;
        }

        private double at(long step) {
            return start + (base - start) * step / warmup;
        }
    }

    /** Stays at the base. */
    record Constant(Warmup warmup) implements Schedule {
        @Override
        public double learningRate(long step) {
            return warmup.holds(step) ? warmup.at(step) : warmup.base;
        }
    }

    /**
     * Falls in a straight line and then stays.
     *
     * @param total step from which the end is reached, above the warm-up
     * @param end last learning rate, at least 0
     */
    record Linear(Warmup warmup, long total, double end) implements Schedule {
        public Linear {
            after(warmup, total);
            rate("end", end);
        }

        @Override
        public double learningRate(long step) {
            if (warmup.holds(step)) {
                return warmup.at(step);
            }
            return step >= total ? end : line(warmup.base, end, step - warmup.warmup, total - warmup.warmup);
        }
    }

    /**
     * Falls along half a cosine and then stays.
     *
     * @param total step from which the end is reached, above the warm-up
     * @param end last learning rate, at least 0
     */
    record Cosine(Warmup warmup, long total, double end) implements Schedule {
        public Cosine {
            after(warmup, total);
            rate("end", end);
        }

        @Override
        public double learningRate(long step) {
            if (warmup.holds(step)) {
                return warmup.at(step);
            }
            return step >= total ? end : cosine(warmup.base, end, step - warmup.warmup, total - warmup.warmup);
        }
    }

    /**
     * Warm-up, stable, decay: the base for a while, half a cosine, a straight line, and then stays.
     *
     * @param stable steps at the base
     * @param cosineSteps steps of the cosine
     * @param cosineEnd learning rate at its end
     * @param linearSteps steps of the line
     * @param linearEnd learning rate at its end, and from then on
     */
    record WarmupStableDecay(
            Warmup warmup, long stable, long cosineSteps, double cosineEnd, long linearSteps, double linearEnd)
            implements Schedule {
        public WarmupStableDecay {
            steps("stable", stable);
            steps("cosine-steps", cosineSteps);
            steps("linear-steps", linearSteps);
            rate("cosine-end", cosineEnd);
            rate("linear-end", linearEnd);
        }

        @Override
        public double learningRate(long step) {
            if (warmup.holds(step)) {
                return warmup.at(step);
            }
            long after = step - warmup.warmup;
            if (after < stable) {
                return warmup.base;
            }
            after -= stable;
            if (after < cosineSteps) {
                return cosine(warmup.base, cosineEnd, after, cosineSteps);
            }
            after -= cosineSteps;
            return after < linearSteps ? line(cosineEnd, linearEnd, after, linearSteps) : linearEnd;
        }
    }

    /**
     * Another schedule, divided at first by what stale gradients make dangerous (AsyncPP, arXiv 2505.01099, after PipeMare, arXiv
     * 1910.05124): {@code lr / max(delay, 1)^rho}, where {@code rho = 1 - step / steps} falls from 1 to 0 and stays there.
     *
     * @param undivided the schedule it reaches
     * @param delay versions that a gradient may be older than what it is applied to, at least 0
     * @param steps from which {@code undivided} holds, at least 1
     */
    record Discounted(Schedule undivided, int delay, long steps) implements Schedule {
        public Discounted {
            if (delay < 0 || steps < 1) {
                throw new IllegalArgumentException(
                        "delay must be at least 0 and steps at least 1, were " + delay + " and " + steps);
            }
        }

        @Override
        public double learningRate(long step) {
            double rate = undivided.learningRate(step);
            return step >= steps ? rate : rate / StrictMath.pow(Math.max(delay, 1), 1 - (double) step / steps);
        }
    }

    private static double line(double from, double to, long step, long steps) {
        return from + (to - from) * step / steps;
    }

    private static double cosine(double from, double to, long step, long steps) {
        return to + (from - to) * 0.5 * (1 + StrictMath.cos(Math.PI * step / steps));
    }

    private static void rate(String name, double rate) {
        if (!(rate >= 0 && rate <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException(name + " must be a finite learning rate of at least 0, was " + rate);
        }
    }

    private static void steps(String name, long steps) {
        if (steps < 0) {
            throw new IllegalArgumentException(name + " must be at least 0 steps, was " + steps);
        }
    }

    private static void after(Warmup warmup, long total) {
        if (total <= warmup.warmup) {
            throw new IllegalArgumentException(
                    "total must be above the warm-up of " + warmup.warmup + " steps, was " + total);
        }
    }
}
