package io.murmuration.cluster.cli;

import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.CheckpointModels;
import io.murmuration.cluster.run.LocalRuns;
import io.murmuration.cluster.run.NativeProbe;
import io.murmuration.tensors.compute.Backends;
import java.util.Map;

/** Where {@code bin/murmuration} starts. */
public final class Main {

    private Main() {}

    public static void main(String[] arguments) {
        StandardError.restore();
        Map<String, String> environment = System.getenv();
        Surroundings surroundings = Surroundings.ofProcess(Terminal.ofProcess(environment), environment);
        System.exit(new Murmuration(parts(), surroundings).execute(arguments));
    }

    private static Parts parts() {
        return new Parts(
                new LocalRuns(), new CheckpointModels("nd4j"), () -> NativeProbe.describe(Backends.byName("nd4j")));
    }
}
