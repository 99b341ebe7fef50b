package io.murmuration.cluster.node;

import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.run.StopSignal;
import io.murmuration.cluster.serialization.ControlCodec;
import io.murmuration.cluster.transport.NodeIdentity;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node over all its lives: one that the others have removed comes back in the same process, with everything made anew but
 * what it has read, as a new incarnation. In the same process because then no supervisor is needed, and a machine whose link
 * broke for a minute is back as soon as it holds; what a life held is freed by closing it.
 */
final class NodeProcess {

    private static final Logger LOG = LoggerFactory.getLogger(NodeProcess.class);

    private static final long POLL_MILLIS = 50;

    private final NodeInputs inputs;
    private final NodeDirectory directory;
    private final NodeLife.Surroundings around;
    private final InstantSource clock;

    NodeProcess(NodeInputs inputs, NodeDirectory directory, NodeLife.Surroundings around, InstantSource clock) {
        this.inputs = inputs;
        this.directory = directory;
        this.around = around;
        this.clock = clock;
    }

    /** @throws io.murmuration.cluster.config.UserError if a port cannot be had */
    NodeLife.Outcome run(StopSignal stop) {
        NodeSettings node = inputs.node();
        boolean wasIn = false;
        while (true) {
            NodeIdentity self = new NodeIdentity(
                    node.name(), directory.nextLife(clock), inputs.fingerprint(), ControlCodec.PROTOCOL_VERSION);
            LOG.info("node {} begins life {} in run {}", self.node(), self.life(), self.run());
            NodeLife.Outcome outcome;
            try (NodeLife life = new NodeLife(inputs, self, around)) {
                outcome = life.live(stop);
                wasIn |= life.wasIn();
            }
            LOG.info("life {} of node {} ended: {}", self.life(), self.node(), outcome);
            boolean again =
                    switch (outcome.end()) {
                        case ASTRAY -> true;
                        case REMOVED -> node.rejoin();
                        // The others may be away for long: who was one of them waits for them.
                        case UNREACHED -> node.rejoin() && wasIn;
                        case FINISHED, LEFT, REFUSED, FAILED -> false;
                    };
            if (!again || !pause(stop)) {
                return outcome;
            }
            around.progress().notice(outcome.message() + "; it begins anew, as a new incarnation");
        }
    }

    /** @return whether it is to come back: nobody has asked it to stop meanwhile */
    private boolean pause(StopSignal stop) {
        long until = System.nanoTime() + inputs.node().rejoinPause().toNanos();
        try {
            while (!stop.requested() && System.nanoTime() - until < 0) {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
        return !stop.requested();
    }
}
