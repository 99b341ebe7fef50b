package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Terminal;
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
                (settings, outDir, resumeFrom, listener, stop) -> {
                    throw new UserError("training is not there yet in this build");
                },
                checkpoint -> {
                    throw new UserError("reading checkpoints is not there yet in this build");
                },
                () -> {
                    throw new UserError("native compute is not there yet in this build");
                });
    }
}
