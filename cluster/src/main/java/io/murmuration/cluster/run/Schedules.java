package io.murmuration.cluster.run;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.tensors.optim.Schedule;

/** The learning rate of every step as the settings describe it; every schedule ends exactly at the last step. */
final class Schedules {

    private Schedules() {}

    static Schedule of(RunSettings settings) {
        Schedule schedule = of(settings.optimiser(), settings.steps());
        int discount = settings.optimiser().delayDiscountSteps();
        // All stages apply the steps in order, so all of them have the same delay (docs/architecture.md).
        return discount == 0
                ? schedule
                : new Schedule.Discounted(schedule, settings.swarm().staleness(), discount);
    }

    /** @param steps at least 1 */
    static Schedule of(RunSettings.Optimiser optimiser, long steps) {
        // At least one step after the warm-up, which the schedules need.
        long climb = Math.min(Math.round(optimiser.warmUp() * steps), steps - 1);
        Schedule.Warmup warmup = new Schedule.Warmup(optimiser.learningRate(), climb, 0);
        double end = optimiser.finalLearningRate();
        return switch (optimiser.schedule()) {
            case CONSTANT -> new Schedule.Constant(warmup);
            case LINEAR -> new Schedule.Linear(warmup, steps, end);
            case COSINE -> new Schedule.Cosine(warmup, steps, end);
            case WSD -> warmupStableDecay(optimiser, warmup, steps);
        };
    }

    private static Schedule warmupStableDecay(RunSettings.Optimiser optimiser, Schedule.Warmup warmup, long steps) {
        RunSettings.Decay decay = optimiser.decay();
        // The parts are at most the whole together, but each is rounded by itself: the first ones give way.
        long left = steps - warmup.warmup();
        long line = Math.min(Math.round(decay.linear() * steps), left);
        long curve = Math.min(Math.round(decay.cosine() * steps), left - line);
        long stable = left - line - curve;
        double end = optimiser.finalLearningRate();
        double between = line == 0 ? end : decay.cosineEnd() * optimiser.learningRate();
        return new Schedule.WarmupStableDecay(warmup, stable, curve, between, line, end);
    }
}
