package io.murmuration.faults.sockets;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.compute.OwnerTasks;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.node.NodeWatch;
import io.murmuration.cluster.serialization.ControlCodec;
import io.murmuration.cluster.serialization.RunEventCodec;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a node's actors send, hear, compute and tell to a file, each at once and whole: what happened before the process
 * was killed is there. Read by {@link TraceReader}. And lets the node's device be as slow as {@link Pace} says. Thread-safe.
 */
public final class NodeTrace implements NodeWatch {

    private static final Logger LOG = LoggerFactory.getLogger(NodeTrace.class);

    static final byte SENT = 1;
    static final byte DELIVERED = 2;
    static final byte TOLD = 3;
    static final byte COMPUTED = 4;
    static final byte LIFE = 5;

    /** Named in {@code META-INF/services}. */
    public static final class OfFile implements Provider {
        @Override
        public NodeWatch watch(Path file) {
            try {
                return new NodeTrace(FileChannel.open(
                        file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND));
            } catch (IOException e) {
                throw new UserError("cannot write what is seen of the node to " + file + ": " + e.getMessage(), e);
            }
        }
    }

    /** Writes the rest of a record. */
    @FunctionalInterface
    private interface Content {
        void write(DataOutputStream out) throws IOException;
    }

    private final FileChannel file;
    private final ControlCodec control = new ControlCodec();
    private final RunEventCodec events = new RunEventCodec();
    private final PacedDevice device = PacedDevice.ofProcess();
    private boolean broken;

    private NodeTrace(FileChannel file) {
        this.file = file;
        write(LIFE, out -> {});
    }

    @Override
    public Ports ports(Ports ports) {
        return new Ports(
                new SeenCompute(ports.compute()),
                ports.data(),
                new SeenControl(ports.control()),
                ports.membership(),
                ports.ticker(),
                ports.seed(),
                ports.telemetry());
    }

    @Override
    public synchronized void told(RunEvent event) {
        write(TOLD, out -> out.write(events.encode(event)));
    }

    private synchronized void message(byte kind, Envelope envelope) {
        write(kind, out -> out.write(control.encode(envelope)));
    }

    private synchronized void computed(Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busy) {
        write(COMPUTED, out -> {
            out.writeUTF(owner.peer().name());
            out.writeLong(owner.incarnation());
            out.writeLong(busy);
            out.writeInt(device.stage(owner));
            SeenTask.write(out, task, outcome);
        });
    }

    private void write(byte kind, Content content) {
        if (broken) {
            return;
        }
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeInt(0);
            out.writeByte(kind);
            out.writeLong(System.nanoTime());
            content.write(out);
            ByteBuffer whole = ByteBuffer.wrap(bytes.toByteArray());
            whole.putInt(0, whole.remaining() - Integer.BYTES);
            while (whole.hasRemaining()) {
                file.write(whole);
            }
        } catch (IOException | UncheckedIOException e) {
            // The node itself goes on; who reads the file finds too little in it and says so.
            broken = true;
            LOG.error("what happens on this node is not written down any more: {}", e.toString());
        }
    }

    private final class SeenControl implements ControlPlane {
        private final ControlPlane plane;

        private SeenControl(ControlPlane plane) {
            this.plane = plane;
        }

        @Override
        public void attach(Member self, Consumer<Envelope> inbox) {
            plane.attach(self, envelope -> {
                message(DELIVERED, envelope);
                inbox.accept(envelope);
            });
        }

        @Override
        public void detach(Member self) {
            plane.detach(self);
        }

        @Override
        public void send(Envelope envelope) {
            message(SENT, envelope);
            plane.send(envelope);
        }
    }

    private final class SeenCompute implements Compute {
        private final Compute compute;

        private SeenCompute(Compute compute) {
            this.compute = compute;
        }

        @Override
        public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
            long submitted = System.nanoTime();
            if (task instanceof Open open) {
                device.opened(owner, open.stage());
            }
            compute.submit(owner, task, outcome -> {
                long busy = device.ended(owner, task, submitted, !OwnerTasks.usesFiles(task));
                computed(owner, task, outcome, busy);
                done.accept(outcome);
            });
        }

        @Override
        public void release(Member owner) {
            compute.release(owner);
        }
    }
}
