package io.murmuration.cluster.config;

import io.murmuration.actors.rebalance.RebalanceSettings;
import io.murmuration.tensors.data.Tokeniser;
import io.murmuration.tensors.optim.AdamW;
import io.murmuration.tensors.optim.InnerOptimiser;
import io.murmuration.tensors.optim.NAdam;
import io.murmuration.tensors.optim.Sgd;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Builds the records from the sections. One line per key: its name, its type, its range. */
final class RunSettingsReader {

    private static final int MANY = Integer.MAX_VALUE;
    /** Of one stage, or of one kind: what a simulated swarm of thousands of nodes needs; a process has far fewer. */
    private static final int MOST_PEERS = 4096;
    /** Each version more is an accumulator of the gradient more. */
    private static final int MOST_STALENESS = 8;

    /** Some hundred lines. */
    private static final long LEAST_LOG = 64 * 1024;

    private static final long MOST_LOG = 1L << 40;

    private static final Duration LONGEST_WAY = Duration.ofMinutes(1);
    /** Bits a second: more than memory. */
    private static final long FASTEST = 1_000_000_000_000L;

    /** Of loads and moves: a day is for ever. */
    private static final Duration LONGEST_PAUSE = Duration.ofDays(1);
    /** Less of what a stage should have is no threshold. */
    private static final double LEAST_THRESHOLD = 0.01;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}");

    private RunSettingsReader() {}

    static RunSettings read(Section root) {
        Path out = path(root, "out").orElseThrow(() -> root.unfit("out", "a folder"));
        RunSettings.Data data = data(root.section("data"), out);
        Section model = root.section("model");
        Optional<Path> importFrom = path(model, "import");
        return new RunSettings(
                root.text("name", NAME, "at most 64 letters, digits, dots, dashes and underscores"),
                root.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE),
                root.integer("steps", 1, MANY),
                out,
                data,
                ModelSettings.read(model, importFrom, data.tokeniser()),
                importFrom,
                batch(root.section("batch")),
                swarm(root.section("swarm")),
                wire(root.section("wire")),
                links(root.section("links")),
                optimiser(root.section("optimiser")),
                validation(root.section("validation")),
                checkpoint(root.section("checkpoint")),
                compute(root.section("compute")),
                sample(root.section("sample")),
                rebalance(root.section("rebalance")),
                limits(root.section("limits")));
    }

    private static RunSettings.Data data(Section section, Path out) {
        String tokeniser = section.text(
                "tokeniser",
                Pattern.compile(String.join("|", Tokeniser.names())),
                "one of " + String.join(", ", Tokeniser.names()));
        return new RunSettings.Data(
                path(section, "path"),
                path(section, "validation"),
                Tokeniser.byName(tokeniser),
                section.text("text-key"),
                Integer.parseInt(section.text("token-bytes", Pattern.compile("[024]"), "0, 2 or 4")),
                path(section, "cache").orElse(out.resolve(".tokens")));
    }

    private static RunSettings.Batch batch(Section section) {
        return new RunSettings.Batch(
                section.integer("sequences", 1, 1 << 20), section.integer("microbatch", 1, 1 << 16));
    }

    private static RunSettings.Swarm swarm(Section section) {
        return new RunSettings.Swarm(
                section.integer("stages", 1, 1024),
                section.integer("replicas", 1, MOST_PEERS),
                section.integer("trainers", 1, MOST_PEERS),
                section.integer("staleness", 0, MOST_STALENESS),
                section.choice("lost-stage", LostStageChoice.class));
    }

    private static RunSettings.Wire wire(Section section) {
        return new RunSettings.Wire(section.codec("activations"), section.codec("averaging"));
    }

    private static RunSettings.Links links(Section section) {
        return new RunSettings.Links(
                section.duration("latency", Duration.ZERO, LONGEST_WAY),
                section.duration("jitter", Duration.ZERO, LONGEST_WAY),
                section.whole("rate", 0, FASTEST));
    }

    private static RunSettings.Optimiser optimiser(Section section) {
        OptimiserName name = section.choice("name", OptimiserName.class);
        double weightDecay = section.decimal("weight-decay", 0, 10);
        // All three are read, so that a wrong key is found before the day it is needed.
        InnerOptimiser.Settings adamW = adamW(section, weightDecay);
        boolean byStage = section.flag("momentum-by-stage");
        if (byStage && name != OptimiserName.NADAM) {
            throw section.unfit(
                    "momentum-by-stage",
                    "false where optimiser.name is " + name.name().toLowerCase(Locale.ROOT)
                            + ": it is the momentum that nadam looks ahead with");
        }
        InnerOptimiser.Settings nadam = nadam(section.section("nadam"), weightDecay, byStage);
        InnerOptimiser.Settings sgd = sgd(section.section("sgd"), weightDecay);
        Section wsd = section.section("wsd");
        return new RunSettings.Optimiser(
                switch (name) {
                    case ADAMW -> adamW;
                    case NADAM -> nadam;
                    case SGD -> sgd;
                },
                section.choice("schedule", ScheduleName.class),
                section.decimal("learning-rate", 0, 10),
                section.decimal("final-learning-rate", 0, 10),
                section.decimal("warm-up", 0, 1),
                new RunSettings.Decay(
                        wsd.decimal("cosine", 0, 1), wsd.decimal("cosine-end", 0, 1), wsd.decimal("linear", 0, 1)),
                section.decimal("clip", 1e-6, 1e6),
                section.integer("delay-discount-steps", 0, MANY));
    }

    private static AdamW.Settings adamW(Section section, double weightDecay) {
        return new AdamW.Settings(
                section.decimal("beta1", 0, 0.999_999),
                section.decimal("beta2", 0, 0.999_999),
                section.decimal("epsilon", 1e-30, 1),
                weightDecay);
    }

    private static NAdam.Settings nadam(Section section, double weightDecay, boolean byStage) {
        return new NAdam.Settings(
                section.decimal("beta1", 0, 0.999_999),
                section.decimal("beta2", 0, 0.999_999),
                section.decimal("epsilon", 1e-30, 1),
                weightDecay,
                section.decimal("momentum-decay", 0, 1),
                section.flag("decoupled-decay"),
                byStage);
    }

    private static Sgd.Settings sgd(Section section, double weightDecay) {
        double momentum = section.decimal("momentum", 0, 0.999_999);
        boolean nesterov = section.flag("nesterov");
        if (nesterov && momentum == 0) {
            throw section.unfit(
                    "nesterov", "false where optimiser.sgd.momentum is 0: there is nothing to look ahead with");
        }
        return new Sgd.Settings(momentum, nesterov, weightDecay);
    }

    private static RunSettings.Validation validation(Section section) {
        return new RunSettings.Validation(section.integer("every", 0, MANY), section.integer("windows", 1, MANY));
    }

    private static RunSettings.Checkpoint checkpoint(Section section) {
        return new RunSettings.Checkpoint(
                section.integer("every", 0, MANY), section.integer("keep", 1, MANY), section.integer("copies", 1, 64));
    }

    private static RunSettings.Compute compute(Section section) {
        ComputeBackend backend = section.choice("backend", ComputeBackend.class);
        // Rendered as 0: a run that is resumed on another machine uses that machine's cores.
        int threads = section.integer("threads", 0, 1024);
        return new RunSettings.Compute(
                backend,
                threads == 0 ? Runtime.getRuntime().availableProcessors() : threads,
                section.bytes("memory", 0, Long.MAX_VALUE));
    }

    private static RunSettings.Sample sample(Section section) {
        return new RunSettings.Sample(
                section.text("prompt"), section.integer("bytes", 0, 1 << 20), section.decimal("temperature", 0, 100));
    }

    /** All are read, so that a wrong key is found before the day it is needed. */
    private static Optional<RebalanceSettings> rebalance(Section section) {
        Duration period = section.duration("period", Duration.ZERO, LONGEST_PAUSE);
        double threshold = section.decimal("threshold", LEAST_THRESHOLD, 1);
        int minimumReplicas = section.integer("minimum-replicas", 1, MOST_PEERS);
        int confirmations = section.integer("confirmations", 1, RebalanceSettings.MOST_CONFIRMATIONS);
        Duration rest = section.duration("rest", Duration.ZERO, LONGEST_PAUSE);
        Duration shardRest = section.duration("shard-rest", Duration.ZERO, LONGEST_PAUSE);
        Duration turnBack = section.duration("turn-back", Duration.ZERO, LONGEST_PAUSE);
        return period.isZero()
                ? Optional.empty()
                : Optional.of(new RebalanceSettings(
                        period, threshold, minimumReplicas, confirmations, rest, shardRest, turnBack));
    }

    private static RunSettings.Limits limits(Section section) {
        Duration shortest = Duration.ofMillis(1);
        Duration longest = Duration.ofHours(1);
        return new RunSettings.Limits(
                section.integer("credits-per-upstream", 1, 1024),
                section.duration("deadline-floor", shortest, longest),
                section.duration("deadline-ceiling", shortest, longest),
                section.decimal("deadline-spread", 0.1, 1000),
                section.duration("retry", shortest, longest),
                section.duration("ban", shortest, longest),
                section.duration("control-retry", shortest, longest),
                section.duration("hold-boundary", shortest, longest),
                section.duration("gather-wait", shortest, longest),
                section.duration("promise-wait", shortest, longest),
                section.duration("leave-wait", shortest, longest),
                section.integer("join-attempts", 1, 1000),
                section.integer("restarts", 0, 1 << 16),
                (int) section.bytes("averaging-part", 1 << 10, 1 << 28),
                section.integer("early-parts", 1, 1 << 16),
                section.integer("snapshot-donors", 1, 64),
                section.integer("join-lag", 1, 1 << 16),
                section.bytes("join-queue", 1 << 10, Long.MAX_VALUE),
                (int) section.bytes("snapshot-chunk", 1 << 10, 1 << 28),
                section.integer("snapshot-window", 1, 1024),
                section.integer("snapshot-attempts", 1, 1 << 16),
                section.duration("snapshot-deadline", shortest, longest),
                section.duration("pin-wait", shortest, longest),
                section.integer("link-queue", 1, 1 << 16),
                section.integer("link-unanswered", 1, 1 << 16),
                section.bytes("log-size", LEAST_LOG, MOST_LOG));
    }

    private static Optional<Path> path(Section section, String key) {
        String text = section.text(key);
        try {
            return text.isBlank() ? Optional.empty() : Optional.of(Path.of(text));
        } catch (InvalidPathException e) {
            throw section.unfit(key, "a path");
        }
    }
}
