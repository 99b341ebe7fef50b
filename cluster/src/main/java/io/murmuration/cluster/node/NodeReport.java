package io.murmuration.cluster.node;

import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.membership.RunEnding;
import io.murmuration.cluster.membership.RunStatus;
import io.murmuration.cluster.membership.Whereabouts;
import io.murmuration.cluster.report.CombinedListener;
import io.murmuration.cluster.report.Progress;
import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.RunListener;
import io.murmuration.cluster.run.RunProgress;
import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.transport.WireCounts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;

/**
 * What a node shows of the run: everything if its coordinator leads, else a line now and then of what the leader tells. One
 * thread, but for {@link #written}.
 */
final class NodeReport {

    private static final int DIGEST_BYTES = 8;

    private final NodeInputs inputs;
    private final Progress progress;
    private final Consumer<String> lines;
    private final Consumer<RunStatus> tellOthers;
    private final RunProgress run;
    private final long quiet;
    private RunStatus last = RunStatus.UNKNOWN;
    private RunStatus shown = RunStatus.UNKNOWN;
    private long shownNanos;
    private Roster roster = Roster.EMPTY;
    private boolean led;

    /**
     * @param lines gets what a node says that does not lead
     * @param tellOthers gets how far the run is, if its coordinator is here
     */
    NodeReport(
            NodeInputs inputs,
            WireCounts wire,
            Progress progress,
            Consumer<String> lines,
            Consumer<RunStatus> tellOthers) {
        this.inputs = inputs;
        this.progress = progress;
        this.lines = lines;
        this.tellOthers = tellOthers;
        Duration pause = inputs.node().statusEvery();
        this.quiet = pause.toNanos();
        this.shownNanos = System.nanoTime();
        this.run = new RunProgress(
                inputs.run(),
                inputs.setup(),
                inputs.plan(),
                wire,
                new CombinedListener(List.of(progress, new RunListener() {
                    @Override
                    public void started(RunInfo info) {
                        tell("training", info.firstStep() - 1, Double.NaN, 0, info.shards());
                    }

                    @Override
                    public void stepped(StepReport report) {
                        tell("training", report.step(), report.loss(), report.tokensPerSecond(), report.liveShards());
                    }
                })));
        run.describe(
                inputs.run().model().parameters(),
                inputs.setup().backend().fingerprint(),
                inputs.corpus(),
                inputs.bytesPerToken());
    }

    private void tell(String phase, long version, double loss, double tokensPerSecond, int shards) {
        last = new RunStatus(phase, version, inputs.plan().lastVersion(), loss, tokensPerSecond, shards, roster);
        tellOthers.accept(last);
    }

    /** Nothing is being learnt at this moment, or nobody knows how fast. */
    private void still(String phase, long version) {
        tell(phase, version, last.loss(), 0, last.liveShards());
    }

    /** A checkpoint is complete on this node's disk. Any thread. */
    void written(long version, Path folder) {
        run.written(version, folder);
    }

    /**
     * Something that the coordinator here tells.
     *
     * @return how the run ended, if it did
     * @throws io.murmuration.cluster.run.RunFailed if it cannot go on
     */
    Optional<RunEnding> on(RunEvent event) {
        led = true;
        switch (event) {
            case RunEvent.Started started -> roster = started.roster();
            case RunEvent.StepCommitted step -> roster = step.roster();
            case RunEvent.Waiting(String reason) -> still("waiting: " + reason, last.version());
            case RunEvent.TookOver over -> still("training", over.version());
            case RunEvent.Paused(long version) -> still("paused", version);
            case RunEvent.Resumed(long version) -> still("training", version);
            case RunEvent.Finished over -> still("over", over.version());
            default -> {}
        }
        Optional<RunResult> result = run.on(event);
        return result.map(ended -> new RunEnding(
                ended.steps(), ended.stoppedEarly(), ended.trainLoss(), digest(ended.parametersDigest())));
    }

    /** Another node leads; shows how far it is, if it is time. */
    void look(Whereabouts whereabouts, String self) {
        Optional<String> leader = whereabouts.leader();
        if (leader.filter(self::equals).isPresent() && led) {
            return;
        }
        RunStatus status = whereabouts.status();
        long now = System.nanoTime();
        if (!status.equals(shown) && now - shownNanos >= quiet) {
            shown = status;
            shownNanos = now;
            lines.accept(String.format(
                    Locale.ROOT,
                    "step %d/%d  %s  %d shards  %d nodes, %s leads (%s)",
                    status.version(),
                    status.lastVersion(),
                    Double.isNaN(status.loss())
                            ? "no loss yet"
                            : String.format(Locale.ROOT, "loss %.3f", status.loss()),
                    status.liveShards(),
                    whereabouts.entries().size(),
                    leader.orElse("nobody"),
                    status.phase()));
        }
    }

    /** The last line of a run, the same on every node. */
    static String ending(RunEnding ending) {
        return String.format(
                Locale.ROOT,
                "the run is %s: version %d, loss %.4f, digest %s",
                ending.stopped() ? "stopped" : "finished",
                ending.version(),
                ending.loss(),
                ending.digest());
    }

    void notice(String line) {
        progress.notice(line);
    }

    private static String digest(SortedMap<Integer, String> stages) {
        try {
            byte[] all = MessageDigest.getInstance("SHA-256")
                    .digest(stages.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(all, 0, DIGEST_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
