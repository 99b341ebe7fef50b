package io.murmuration.faults.simulation.world;

import java.time.Duration;
import java.util.SplittableRandom;

/** How the latency of one message differs from the link's. A message is never early: latency and jitter are at least 0. */
public sealed interface Jitter {

    /** No message is held up longer by jitter alone, in nanoseconds: heavy tails would outlast any run. */
    long MOST_NANOS = Duration.ofSeconds(10).toNanos();

    /** Nanoseconds more than the latency, or fewer. */
    long nanos(SplittableRandom random);

    /** Always the same latency. */
    record None() implements Jitter {
        @Override
        public long nanos(SplittableRandom random) {
            return 0;
        }
    }

    /** Anything between {@code most} less and {@code most} more. */
    record Uniform(Duration most) implements Jitter {
        public Uniform {
            checkNotNegative(most, "most");
        }

        @Override
        public long nanos(SplittableRandom random) {
            return random.nextLong(-most.toNanos(), most.toNanos() + 1);
        }
    }

    /** Normal around the latency. */
    record Normal(Duration sd) implements Jitter {
        public Normal {
            checkNotNegative(sd, "sd");
        }

        @Override
        public long nanos(SplittableRandom random) {
            return bounded(sd.toNanos() * Chances.normal(random));
        }
    }

    /** Exponential on top of the latency, {@code mean} more in the mean. */
    record Exponential(Duration mean) implements Jitter {
        public Exponential {
            checkNotNegative(mean, "mean");
        }

        @Override
        public long nanos(SplittableRandom random) {
            return bounded(-mean.toNanos() * StrictMath.log(1 - random.nextDouble()));
        }
    }

    /**
     * Lomax (Pareto from 0) on top of the latency: {@code scale / (shape - 1)} more in the mean.
     *
     * @param shape greater than 1; the smaller, the heavier the tail
     */
    record Pareto(Duration scale, double shape) implements Jitter {
        public Pareto {
            checkNotNegative(scale, "scale");
            if (!(shape > 1)) {
                throw new IllegalArgumentException("a Pareto jitter has a mean for a shape above 1, got " + shape);
            }
        }

        @Override
        public long nanos(SplittableRandom random) {
            return bounded(scale.toNanos() * (StrictMath.pow(1 - random.nextDouble(), -1 / shape) - 1));
        }
    }

    private static long bounded(double nanos) {
        return Math.round(Math.clamp(nanos, -MOST_NANOS, MOST_NANOS));
    }

    private static void checkNotNegative(Duration duration, String what) {
        if (duration.isNegative() || duration.toNanos() > MOST_NANOS) {
            throw new IllegalArgumentException("jitter: " + what + " is from 0 to 10 s, got " + duration);
        }
    }
}
