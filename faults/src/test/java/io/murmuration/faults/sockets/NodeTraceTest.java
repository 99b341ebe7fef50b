package io.murmuration.faults.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.node.NodeWatch;
import io.murmuration.cluster.transport.InProcessMembership;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeTraceTest {

    private static final Member SHARD = Member.of("eu-1:shard", 7_000_000);
    private static final Member HUB = Member.of("hub-1:coordinator", 3_000_001);
    private static final MicrobatchId ID = new MicrobatchId(Purpose.TRAIN, 5, 3);

    @TempDir
    private Path folder;

    /** Answers every task with what was planned for it, at once. */
    private static final class Planned implements Compute {
        private final List<Outcome<?>> outcomes;

        private Planned(Outcome<?>... outcomes) {
            this.outcomes = new ArrayList<>(Arrays.asList(outcomes));
        }

        @Override
        @SuppressWarnings("unchecked") // the test plans what its tasks give
        public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
            done.accept((Outcome<R>) outcomes.removeFirst());
        }

        @Override
        public void release(Member owner) {
            // Nothing is held.
        }
    }

    /** Brings everything back to who is attached. */
    private static final class Mirror implements ControlPlane {
        private final Map<Member, Consumer<Envelope>> inboxes = new TreeMap<>();

        @Override
        public void attach(Member self, Consumer<Envelope> inbox) {
            inboxes.put(self, inbox);
        }

        @Override
        public void detach(Member self) {
            inboxes.remove(self);
        }

        @Override
        public void send(Envelope envelope) {
            inboxes.get(envelope.to()).accept(envelope);
        }
    }

    /** Nobody sends any here. */
    private static final class NoTensors implements DataPlane {
        @Override
        public void attach(Member self, Consumer<Delivery> inbox) {
            throw new AssertionError("no tensors were expected");
        }

        @Override
        public void detach(Member self) {
            throw new AssertionError("no tensors were expected");
        }

        @Override
        public void offer(DataFrame frame, Consumer<Outcome> done) {
            throw new AssertionError("no tensors were expected");
        }
    }

    private static <R> void submit(Ports ports, Compute.Task<R> task) {
        ports.compute().submit(SHARD, task, outcome -> {});
    }

    @Test
    void what_was_seen_is_read_as_it_was_while_the_file_grows() throws IOException {
        Path file = folder.resolve("eu-1.trace");
        TraceReader reader = new TraceReader(file);
        assertThat(reader.read()).isEmpty();
        assertThat(reader.begun()).isFalse();
        NodeWatch watch = new NodeTrace.OfFile().watch(file);
        assertThat(reader.begun()).isTrue();
        assertThat(reader.read()).singleElement().isInstanceOf(Seen.Life.class);
        Mirror mirror = new Mirror();
        Ports ports = watch.ports(new Ports(
                new Planned(
                        new Compute.Completed<>(new Compute.LossResult(5.5, Payload.EMPTY)),
                        new Compute.Completed<>("digest of the state"),
                        new Compute.Failed<>(new IllegalStateException("no memory"))),
                new NoTensors(),
                mirror,
                new InProcessMembership(),
                System::nanoTime,
                1));
        Envelope order = new Envelope(HUB, SHARD, new MemberMessage.TakeOver(new Epoch(2, 1)));
        ports.control().attach(SHARD, envelope -> {});
        ports.control().send(order);
        submit(ports, new Compute.Loss(ID, new byte[] {1}, new Payload(new byte[] {2}, 4), true));
        submit(ports, new Compute.Apply(5, 1.5));
        RunEvent told = new RunEvent.StepCommitted(5, Double.NaN, 1.5, 8, 2, 6, Roster.EMPTY);
        watch.told(told);

        List<Seen> seen = reader.read();
        assertThat(seen).hasSize(5);
        assertThat(seen).extracting(Seen::nanos).isSorted();
        assertThat(seen.get(0)).isInstanceOfSatisfying(Seen.Sent.class, sent -> assertThat(sent.envelope())
                .isEqualTo(order));
        assertThat(seen.get(1)).isInstanceOfSatisfying(Seen.Delivered.class, heard -> assertThat(heard.envelope())
                .isEqualTo(order));
        assertThat(seen.get(2)).isInstanceOfSatisfying(Seen.Computed.class, computed -> {
            assertThat(computed.owner()).isEqualTo(SHARD);
            assertThat(computed.busyNanos()).isNotNegative();
            assertThat(computed.work().task()).isInstanceOfSatisfying(Compute.Loss.class, loss -> {
                assertThat(loss.id()).isEqualTo(ID);
                assertThat(loss.count()).isTrue();
            });
            assertThat(computed.work().outcome()).isInstanceOf(Compute.Completed.class);
        });
        assertThat(seen.get(3)).isInstanceOfSatisfying(Seen.Computed.class, computed -> {
            assertThat(computed.work().task()).isEqualTo(new Compute.Apply(5, 0));
            assertThat(computed.work().outcome()).isEqualTo(new Compute.Completed<>("digest of the state"));
        });
        assertThat(seen.get(4)).isInstanceOfSatisfying(Seen.Told.class, last -> assertThat(last.event())
                .isEqualTo(told));

        assertThat(reader.read()).isEmpty();
        submit(ports, new Compute.Backward(ID, new byte[0], Payload.EMPTY, Payload.EMPTY, true));
        assertThat(reader.read()).singleElement().isInstanceOfSatisfying(Seen.Computed.class, computed -> assertThat(
                        computed.work().outcome())
                .isInstanceOf(Compute.Failed.class));
    }

    @Test
    void a_record_that_was_cut_short_waits_for_its_end() throws IOException {
        Path whole = folder.resolve("whole.trace");
        NodeWatch watch = new NodeTrace.OfFile().watch(whole);
        int begun = Math.toIntExact(Files.size(whole));
        watch.told(new RunEvent.Failed("the disk is full"));
        byte[] all = Files.readAllBytes(whole);
        byte[] bytes = Arrays.copyOfRange(all, begun, all.length);
        Path file = folder.resolve("cut.trace");
        TraceReader reader = new TraceReader(file);
        for (int length = 0; length < bytes.length; length++) {
            Files.write(file, Arrays.copyOf(bytes, length));
            assertThat(reader.read()).isEmpty();
        }
        Files.write(file, new byte[] {bytes[bytes.length - 1]}, StandardOpenOption.APPEND);
        assertThat(reader.read()).singleElement().isInstanceOf(Seen.Told.class);
    }
}
