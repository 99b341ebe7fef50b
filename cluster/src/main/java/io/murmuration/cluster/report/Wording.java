package io.murmuration.cluster.report;

import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.run.ValidationReport;
import java.nio.file.Path;
import java.util.Locale;

/** Figures and events as people read them, one line each. */
final class Wording {

    private Wording() {}

    static String started(RunInfo info) {
        return String.format(
                Locale.ROOT,
                "training %s parameters in %d shards on %s, from %s, steps %d to %d",
                scaled(info.parameters()).replace(" ", ""),
                info.shards(),
                info.backend(),
                info.corpus(),
                info.firstStep(),
                info.steps());
    }

    /** The figures of a step, the dearest first: a narrow terminal cuts the end. */
    static String step(StepReport report) {
        return String.format(
                Locale.ROOT,
                "loss %.3f  %s  wire %s (%.1fx smaller)  %d shards",
                report.loss(),
                tokensPerSecond(report.tokensPerSecond()),
                bytes(report.wireBytes()),
                report.compressionRatio(),
                report.liveShards());
    }

    static String validated(ValidationReport report) {
        return String.format(
                Locale.ROOT,
                "step %d: validation %s on %d windows",
                report.step(),
                nats(report.loss(), report.bytesPerToken()),
                report.windows());
    }

    static String checkpointed(long step, Path dir) {
        return "step " + step + ": checkpoint in " + dir;
    }

    static String checkpointFailed(long step, String why) {
        return "step " + step + ": no checkpoint (" + why + "); the run goes on, earlier checkpoints stay";
    }

    /** @param bytesPerToken 1 where a token is a byte, not a number if unknown */
    static String nats(double loss, double bytesPerToken) {
        String text = String.format(
                Locale.ROOT, "%.4f nats per %s (perplexity %.2f)", loss, unit(bytesPerToken), Math.exp(loss));
        double perByte = loss / bytesPerToken;
        return bytesPerToken == 1 || !Double.isFinite(perByte)
                ? text
                : text + String.format(Locale.ROOT, ", %.4f nats (%.4f bits) per byte", perByte, perByte / Math.log(2));
    }

    /** What a loss is of. */
    static String unit(double bytesPerToken) {
        return bytesPerToken == 1 ? "byte" : "token";
    }

    /** Three digits and a decimal prefix: {@code 312 MB}. */
    static String bytes(long bytes) {
        return scaled(bytes) + "B";
    }

    static String tokensPerSecond(double tokensPerSecond) {
        return scaled(tokensPerSecond) + "tok/s";
    }

    private static String scaled(double value) {
        String[] prefixes = {"", "k", "M", "G", "T"};
        int prefix = 0;
        double left = value;
        // 999.5 would be shown as 1000: it belongs to the next prefix.
        while (left >= 999.5 && prefix < prefixes.length - 1) {
            left /= 1000;
            prefix++;
        }
        int decimals = prefix == 0 || left >= 99.95 ? 0 : left >= 9.995 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f %s", left, prefixes[prefix]);
    }
}
