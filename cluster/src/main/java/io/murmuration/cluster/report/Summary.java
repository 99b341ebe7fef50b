package io.murmuration.cluster.report;

import io.murmuration.cluster.run.RunResult;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;

/** What a person is told when a run is over: what came out, where it is, how to go on. */
public final class Summary {

    private Summary() {}

    /** @param sample what the model wrote, if it was asked to */
    public static void print(PrintStream out, RunResult result, Path root, Optional<String> sample) {
        out.println();
        if (Double.isFinite(result.validationLoss())) {
            line(out, "validation", Wording.nats(result.validationLoss(), result.bytesPerToken()));
        }
        line(
                out,
                "training",
                // The bytes per token are those of the validation text: another text has others.
                Wording.nats(result.trainLoss(), result.bytesPerToken() == 1 ? 1 : Double.NaN) + " at step "
                        + result.steps() + ", "
                        + Wording.tokensPerSecond(result.tokensPerSecond()) + ", " + Wording.bytes(result.wireBytes())
                        + " on the wire");
        sample.ifPresent(text -> line(out, "sample", text.replace("\n", "\n            ")));
        line(
                out,
                "run",
                root + " (" + RunDirectory.SETTINGS + ", " + RunDirectory.METRICS + ", " + RunDirectory.CHART + ", "
                        + RunDirectory.LOG + ")");
        result.checkpoint()
                .ifPresentOrElse(
                        checkpoint -> {
                            line(out, "checkpoint", checkpoint.toString());
                            line(
                                    out,
                                    "write",
                                    "bin/murmuration generate --checkpoint " + quoted(checkpoint)
                                            + " --prompt \"The \"");
                            line(out, "go on", resume(root) + (result.stoppedEarly() ? "" : " --steps N"));
                        },
                        () -> line(out, "checkpoint", "none could be written: what was learnt is lost"));
        out.flush();
    }

    /** The command that continues a run. */
    public static String resume(Path root) {
        return "bin/murmuration train --resume " + quoted(root);
    }

    private static void line(PrintStream out, String what, String text) {
        out.println(what + " ".repeat(12 - what.length()) + text);
    }

    /** As a shell takes it. */
    private static String quoted(Path path) {
        String text = path.toString();
        return text.matches("[A-Za-z0-9_./+=:@%-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
