package io.murmuration.actors.shard;

import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.routing.SmoothedSeconds;
import java.util.Optional;

/**
 * How many microbatches a second a shard can do, forward and backward, while it has work. The passes are averaged apart: they
 * come in bursts, and an average over both would swing with which came last. Pure and single-threaded.
 */
final class ComputeRate {

    private static final double NANO = 1e-9;

    private final SmoothedSeconds forward = new SmoothedSeconds();
    private final SmoothedSeconds backward = new SmoothedSeconds();
    /** Both at once, which is what a microbatch takes in the last stage. */
    private final SmoothedSeconds loss = new SmoothedSeconds();

    /** {@code work} took so long from being handed to the compute port until its result was here. */
    void done(StepAccount.Work work, long nanos) {
        double seconds = Math.max(nanos, 1) * NANO;
        average(work).ifPresent(pass -> pass.add(seconds));
    }

    /** An evaluation has no backward pass, also in the last stage. */
    private Optional<SmoothedSeconds> average(StepAccount.Work work) {
        return switch (work) {
            case StepAccount.ForwardWork pass -> Optional.of(forward);
            case StepAccount.BackwardWork pass -> Optional.of(backward);
            case StepAccount.LossWork pass ->
                pass.id().purpose() == Purpose.TRAIN ? Optional.of(loss) : Optional.empty();
        };
    }

    /** Microbatches a second; 0 while that is not known. */
    double perSecond() {
        if (loss.known()) {
            return 1 / loss.value();
        }
        return forward.known() && backward.known() ? 1 / (forward.value() + backward.value()) : 0;
    }
}
