package io.murmuration.cluster.node;

import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Progress;
import io.murmuration.cluster.report.RunLog;
import io.murmuration.cluster.run.StopSignal;
import io.murmuration.cluster.security.TlsSettings;
import io.murmuration.cluster.telemetry.NodeTelemetry;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the node of this process: the door from the command line. */
public final class NodeRunner {

    private static final Logger LOG = LoggerFactory.getLogger(NodeRunner.class);

    private static final String IDLE =
            "the role verifier (node.roles) is idle: this version of Murmuration does not verify results yet";

    /** How the node ended. */
    public enum End {
        /** The run is over, or the node was asked to leave and left. */
        DONE,
        /** The run, or this node, cannot go on. */
        FAILED,
        /** The others have removed it, and it was not to come back. */
        REMOVED
    }

    /** @param message for the operator, in one line */
    public record Result(End end, String message) {}

    private NodeRunner() {}

    /**
     * Takes part in the run until it is over, or {@code stop} is requested: then the node leaves.
     *
     * @param lines gets what a node says that does not lead
     * @throws UserError if the node cannot start, or is turned away
     */
    public static Result run(
            LoadedNode loaded, InstantSource clock, Progress progress, Consumer<String> lines, StopSignal stop) {
        Optional<SSLContext> tls = TcpDataPlanes.tls(loaded).map(files -> context(files, loaded.node()));
        Optional<NodeInputs> read = Reading.unlessStopped(stop, () -> NodeInputs.read(loaded, progress::notice));
        if (read.isEmpty()) {
            return new Result(End.DONE, "node " + loaded.node().name() + " was stopped before it began");
        }
        NodeInputs inputs = read.get();
        try (NodeDirectory directory = NodeDirectory.open(loaded.node().work());
                NodeTelemetry telemetry =
                        NodeTelemetry.start(loaded.telemetry(), loaded.node().name(), loaded.run())) {
            inputs.keeperFolder()
                    .ifPresent(folder ->
                            CheckpointOrigin.require(directory.root().resolve(folder), inputs.run(), inputs.origin()));
            return logged(
                    inputs,
                    directory,
                    clock,
                    stop,
                    new NodeLife.Surroundings(
                            directory.root(), tls, new TcpDataPlanes(loaded), progress, lines, telemetry));
        }
    }

    /** A certificate that does not name this node is found out here, and not by the others that turn it away. */
    private static SSLContext context(TlsSettings files, NodeSettings node) {
        SSLContext context = files.context();
        files.requireNames(
                node.name(), List.of(node.control().host(), node.data().host()));
        return context;
    }

    @SuppressWarnings("try") // the log is there to be written to by everyone, and closed
    private static Result logged(
            NodeInputs inputs,
            NodeDirectory directory,
            InstantSource clock,
            StopSignal stop,
            NodeLife.Surroundings around) {
        if (inputs.node().verifies()) {
            around.progress().notice(IDLE);
        }
        inputs.shards().arithmetic().ifPresent(around.progress()::notice);
        try (RunLog log = RunLog.bounded(directory.log(), inputs.node().logSize())) {
            inputs.shards().arithmetic().ifPresent(LOG::info);
            if (inputs.node().verifies()) {
                LOG.warn(IDLE);
            }
            try {
                return result(new NodeProcess(inputs, directory, around, clock).run(stop));
            } catch (RuntimeException | Error e) {
                // The terminal gets one line of this, the file the whole story.
                LOG.warn("the node ended", e);
                throw e;
            }
        }
    }

    /** @throws UserError if it was turned away, or found nobody */
    static Result result(NodeLife.Outcome outcome) {
        return switch (outcome.end()) {
            case FINISHED, LEFT -> new Result(End.DONE, outcome.message());
            case FAILED -> new Result(End.FAILED, outcome.message());
            case REMOVED, ASTRAY -> new Result(End.REMOVED, outcome.message());
            case UNREACHED, REFUSED -> throw new UserError(outcome.message());
        };
    }
}
