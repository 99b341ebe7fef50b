package io.murmuration.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.model.ModelSpec;
import java.io.PrintWriter;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench throughput}: tokens per second of plain training in one process. */
@Command(
        name = "throughput",
        description = "Trains a model in this process without a swarm and reports tokens per second.",
        mixinStandardHelpOptions = true)
final class ThroughputCommand implements Callable<Integer> {

    /** Sequences per optimiser step, by model: those of the PyTorch twin. */
    private static final Map<String, Integer> BATCHES =
            new TreeMap<>(Map.of("nano", 4, "tiny", 16, "small", 8, "base", 4));

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--model",
            defaultValue = "small",
            description = "nano, tiny, small or base (default ${DEFAULT-VALUE}).")
    private String model;

    @Option(names = "--steps", defaultValue = "20", description = "Steps to measure (default ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--warmup",
            defaultValue = "5",
            description = "Steps before the clock starts, for the JIT (default ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(names = "--threads", defaultValue = "2", description = "Compute threads (default ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--microbatch",
            defaultValue = "0",
            description = "Sequences per forward and backward pass; 0: a thread's whole share (default).")
    private int microbatch;

    @Option(names = "--backend", defaultValue = "nd4j", description = "nd4j or java (default ${DEFAULT-VALUE}).")
    private String backend;

    @Option(names = "--json", description = "One JSON object instead of a sentence.")
    private boolean json;

    @Override
    public Integer call() throws JsonProcessingException {
        ThroughputRun.Report report = run(settings());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(new JsonMapper().writeValueAsString(report));
        } else {
            out.printf(
                    "%s on %s, %d threads: %.0f tokens/s over %d steps (median step %.1f ms), loss %.4f%n",
                    report.model(),
                    report.backend(),
                    report.threads(),
                    report.tokensPerSecond(),
                    report.steps(),
                    report.medianStepMillis(),
                    report.loss());
        }
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    private ThroughputRun.Settings settings() {
        if (!Backends.names().contains(backend)) {
            throw refused(spec, "--backend must be one of " + String.join(", ", Backends.names()) + ", was " + backend);
        }
        return settings(spec, model, Backends.byName(backend), threads, microbatch, steps, warmup);
    }

    /** Settings of a run with the batch that belongs to the model. */
    static ThroughputRun.Settings settings(
            CommandSpec spec, String model, Backend backend, int threads, int microbatch, int steps, int warmup) {
        if (!BATCHES.containsKey(model)) {
            throw refused(spec, "--model must be one of " + String.join(", ", BATCHES.keySet()) + ", was " + model);
        }
        int batch = BATCHES.get(model);
        if (threads < 1 || batch % threads != 0) {
            throw refused(spec, "--threads must divide the batch of " + batch + " sequences, was " + threads);
        }
        int share = batch / threads;
        int sequences = microbatch == 0 ? share : microbatch;
        if (sequences < 1 || share % sequences != 0) {
            throw refused(
                    spec, "--microbatch must divide a thread's share of " + share + " sequences, was " + microbatch);
        }
        if (steps < 1 || warmup < 0) {
            throw refused(spec, "--steps must be at least 1 and --warmup at least 0, were " + steps + " and " + warmup);
        }
        return new ThroughputRun.Settings(
                model, ModelSpec.presets().get(model), backend, batch, sequences, threads, steps, warmup);
    }

    private static ThroughputRun.Report run(ThroughputRun.Settings settings) {
        try (ThroughputRun run = new ThroughputRun(settings)) {
            return run.measure();
        }
    }

    private static ParameterException refused(CommandSpec spec, String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
