package io.murmuration.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench micro}: the kernels of {@code io.murmuration.bench.jmh}, each beside a plain copy of the same numbers. */
@Command(
        name = "micro",
        description = "Measures codecs and other kernels (JMH) beside a plain copy of the same numbers.",
        mixinStandardHelpOptions = true)
final class MicroCommand implements Callable<Integer> {

    /** The launcher's flags that matter to a kernel. */
    private static final String[] JVM_FLAGS = {
        "--add-modules=jdk.incubator.vector",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-XX:+UseG1GC"
    };

    private static final TimeValue ITERATION = TimeValue.seconds(1);

    @Spec
    private CommandSpec spec;

    @Option(names = "--filter", defaultValue = ".*", description = "Regular expression for the names of benchmarks.")
    private String filter;

    @Option(
            names = "--threads",
            split = ",",
            defaultValue = "1,2",
            description = "Numbers of threads to measure with (default ${DEFAULT-VALUE}).")
    private List<Integer> threads;

    @Option(
            names = "--param",
            description = "Only these values of a parameter, such as codec=fp16,int8; may be given several times.")
    private Map<String, String> parameters = new LinkedHashMap<>();

    @Option(
            names = "--iterations",
            defaultValue = "5",
            description = "Iterations of a second to measure, after 3 to warm up (default ${DEFAULT-VALUE}).")
    private int iterations;

    @Option(names = "--json", description = "Also writes the figures to this file.")
    private Path json;

    @Override
    public Integer call() throws IOException, RunnerException {
        try {
            Pattern.compile(filter);
        } catch (PatternSyntaxException e) {
            throw new ParameterException(spec.commandLine(), "--filter: expected a regular expression, got " + filter);
        }
        if (threads.stream().anyMatch(count -> count < 1) || iterations < 1) {
            throw new ParameterException(spec.commandLine(), "--threads and --iterations: expected at least 1");
        }
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(filter)
                .forks(1)
                .warmupIterations(3)
                .warmupTime(ITERATION)
                .measurementIterations(iterations)
                .measurementTime(ITERATION)
                .param("threads", threads.stream().map(String::valueOf).toArray(String[]::new))
                .jvmArgs(JVM_FLAGS)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
        parameters.forEach((name, values) -> options.param(name, values.split(",")));
        List<MicroResult> results = new ArrayList<>();
        for (RunResult result : new Runner(options.build()).run()) {
            results.add(MicroResult.of(result));
        }
        PrintWriter out = spec.commandLine().getOut();
        MicroResult.print(results, out);
        out.flush();
        if (json != null) {
            new JsonMapper().writerWithDefaultPrettyPrinter().writeValue(json.toFile(), results);
        }
        return 0;
    }
}
