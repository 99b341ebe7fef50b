package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.Compute.Task;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import java.util.ArrayList;
import java.util.List;

/**
 * How long a device takes for each pass of a microbatch through a stage, in nanoseconds, by the model that simulated devices
 * follow.
 *
 * @param forward pass of a stage that is not the last
 * @param loss pass of the last stage there and back
 * @param evaluation pass of the last stage that only looks
 * @param backward pass of a stage that is not the last, its forward pass once more included
 */
public record StageCosts(long forward, long loss, long evaluation, long backward) {

    private static final byte[] NONE = {};

    public StageCosts {
        if (forward < 0 || loss < 0 || evaluation < 0 || backward < 0) {
            throw new IllegalArgumentException("no pass takes less than no time, got " + forward + ", " + loss + ", "
                    + evaluation + " and " + backward + " ns");
        }
    }

    /** Those of every stage. */
    public static List<StageCosts> of(ModelledSetup setup, Device device) {
        TaskCosts costs = new TaskCosts(setup, device);
        MicrobatchId train = new MicrobatchId(Purpose.TRAIN, 0, 0);
        MicrobatchId evaluate = new MicrobatchId(Purpose.EVALUATE, 0, 0);
        List<StageCosts> all = new ArrayList<>();
        for (int stage = 0; stage < setup.stages().stages(); stage++) {
            all.add(new StageCosts(
                    costs.nanos(new Compute.Forward(train, NONE, Payload.EMPTY), stage, 1),
                    costs.nanos(new Compute.Loss(train, NONE, Payload.EMPTY, true), stage, 1),
                    costs.nanos(new Compute.Loss(evaluate, NONE, Payload.EMPTY, false), stage, 1),
                    costs.nanos(new Compute.Backward(train, NONE, Payload.EMPTY, Payload.EMPTY, true), stage, 1)));
        }
        return List.copyOf(all);
    }

    /** Whether a task is such a pass. */
    public static boolean isPass(Task<?> task) {
        return switch (task) {
            case Compute.Forward _, Compute.Loss _, Compute.Backward _ -> true;
            default -> false;
        };
    }

    /** What a task takes; 0 if it is no such pass. */
    public long nanos(Task<?> task) {
        return switch (task) {
            case Compute.Forward _ -> forward;
            case Compute.Loss last -> last.id().purpose() == Purpose.EVALUATE ? evaluation : loss;
            case Compute.Backward _ -> backward;
            default -> 0;
        };
    }
}
