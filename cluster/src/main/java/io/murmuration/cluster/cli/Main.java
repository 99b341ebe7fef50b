package io.murmuration.cluster.cli;

import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.CheckpointModels;
import io.murmuration.cluster.run.LocalRuns;
import io.murmuration.cluster.run.NativeProbe;
import io.murmuration.tensors.compute.Backends;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/** Where {@code bin/murmuration} starts. */
public final class Main {

    /** System property: the folder of {@code bin}, {@code config} and the rest. */
    private static final String HOME = "murmuration.home";

    private Main() {}

    public static void main(String[] arguments) {
        StandardError.restore();
        Map<String, String> environment = System.getenv();
        Surroundings surroundings = new Surroundings(
                Terminal.ofProcess(environment),
                environment,
                Optional.ofNullable(System.getProperty(HOME)).map(Path::of),
                InstantSource.system());
        System.exit(new Murmuration(parts(), surroundings).execute(arguments));
    }

    private static Parts parts() {
        return new Parts(
                new LocalRuns(), new CheckpointModels("nd4j"), () -> NativeProbe.describe(Backends.byName("nd4j")));
    }
}
