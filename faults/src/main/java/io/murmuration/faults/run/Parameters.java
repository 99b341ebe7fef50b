package io.murmuration.faults.run;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;

/** The parameters of a whole model as a checkpoint has them. */
final class Parameters {

    private Parameters() {}

    /** Relative L2 distance of the parameters of one checkpoint from those of another of the same model. */
    static double distance(RunSettings settings, Path checkpoint, Path control) {
        var layout = ParameterLayout.of(
                settings.model(), StagePlan.of(settings.model().layers(), 1).slice(0));
        try (Arena arena = Arena.ofConfined()) {
            Floats ours = Floats.allocate(arena, layout.length());
            Floats theirs = Floats.allocate(arena, layout.length());
            CheckpointReader.open(checkpoint).read(layout, ours, Map.of());
            CheckpointReader.open(control).read(layout, theirs, Map.of());
            double difference = 0;
            double norm = 0;
            for (long i = 0; i < ours.length(); i++) {
                double d = (double) ours.get(i) - theirs.get(i);
                difference += d * d;
                norm += (double) theirs.get(i) * theirs.get(i);
            }
            return Math.sqrt(difference / norm);
        }
    }
}
