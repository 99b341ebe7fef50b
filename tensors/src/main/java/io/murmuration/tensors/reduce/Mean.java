package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.util.List;

/** The mean: one vector of any size moves it anywhere, so it tolerates no fault. */
public record Mean(int faults) implements RobustRule {

    public static final String NAME = "mean";

    public Mean {
        if (faults != 0) {
            throw new IllegalArgumentException(
                    NAME + ": f = 0 must hold, since one fault moves a mean anywhere; f = " + faults);
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Bound bound() {
        return new Bound(0, 1);
    }

    @Override
    public void combine(List<Floats> vectors, Floats target, Workers workers) {
        WeightedMean.of(vectors, target, workers);
    }
}
