package io.murmuration.cluster.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.telemetry.Telemetry;
import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.membership.Whereabouts;
import io.murmuration.cluster.transport.Rejection;
import io.murmuration.cluster.transport.WireCounts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class NodeTelemetryTest {

    private static final Member HERE = new Member(new PeerId("a:shard"), 1);
    private static final Member NEIGHBOUR = new Member(new PeerId("a:trainer"), 1);
    private static final Member FAR = new Member(new PeerId("b:shard"), 1);

    /** Takes the first attempt and refuses the others. */
    private static final class Plane implements DataPlane {
        private Optional<Consumer<Delivery>> inbox = Optional.empty();

        @Override
        public void attach(Member self, Consumer<Delivery> listener) {
            inbox = Optional.of(listener);
        }

        @Override
        public void detach(Member self) {
            inbox = Optional.empty();
        }

        @Override
        public void offer(DataFrame frame, Consumer<Outcome> done) {
            boolean first = frame instanceof DataFrame.Forward forward && forward.attempt() == 1;
            done.accept(first ? new Accepted() : new Refused(Refusal.of(Refusal.Reason.NO_CREDIT, "full")));
        }
    }

    private record Arriving(DataFrame frame, List<Refusal> answers) implements DataPlane.Delivery {
        @Override
        public void accept() {
            throw new AssertionError("refused by the test");
        }

        @Override
        public void refuse(Refusal refusal) {
            answers.add(refusal);
        }
    }

    private static final Compute COMPUTE = new Compute() {
        @Override
        public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
            done.accept(new Failed<>(new IllegalStateException("scripted")));
        }

        @Override
        public void release(Member owner) {}
    };

    private static LoadedNode settings(String... assignments) {
        SettingsLoader loader = SettingsLoader.of(Map.of()).set("node.name", "a", "test");
        for (String assignment : assignments) {
            loader = loader.set(assignment, "test");
        }
        return loader.loadNode();
    }

    private static NodeTelemetry start(LoadedNode loaded) {
        return NodeTelemetry.start(loaded.telemetry(), loaded.node().name(), loaded.run());
    }

    private static DataFrame forward(Member from, Member to, int attempt, int bytes) {
        return new DataFrame.Forward(
                new Route("run", from, to),
                new MicrobatchId(Purpose.TRAIN, 0, 0),
                1,
                attempt,
                Optional.empty(),
                new byte[0],
                new Payload(new byte[bytes], bytes));
    }

    @Test
    void without_settings_nothing_comes_between() {
        Plane plane = new Plane();
        try (NodeTelemetry telemetry = start(settings())) {
            assertThat(telemetry.port()).isSameAs(Telemetry.OFF);
            assertThat(telemetry.watch(plane)).isSameAs(plane);
            assertThat(telemetry.watch(COMPUTE)).isSameAs(COMPUTE);
            assertThat(telemetry.page()).isEmpty();
            assertThat(telemetry.numbers()).isEmpty();
        }
    }

    @Test
    void what_goes_through_the_ports_and_what_the_coordinator_tells_is_counted() throws Exception {
        Plane plane = new Plane();
        List<Refusal> answers = new ArrayList<>();
        try (NodeTelemetry telemetry = start(settings(
                "telemetry.prometheus.enabled=true", "telemetry.prometheus.port=0", "telemetry.interval=100ms"))) {
            DataPlane watched = telemetry.watch(plane);
            watched.offer(forward(HERE, FAR, 1, 1000), outcome -> {});
            watched.offer(forward(HERE, NEIGHBOUR, 1, 5000), outcome -> {});
            watched.offer(forward(HERE, FAR, 2, 7000), outcome -> {});
            watched.attach(HERE, delivery -> delivery.refuse(Refusal.of(Refusal.Reason.STALE, "gone")));
            plane.inbox.orElseThrow().accept(new Arriving(forward(FAR, HERE, 1, 300), answers));
            telemetry.watch(COMPUTE).submit(HERE, new Compute.Discard(), outcome -> {});
            telemetry.on(new RunEvent.RolledBack(7, 5, "test"));
            telemetry.on(new RunEvent.Lost(FAR, "its parameters differ from those of the majority"));
            telemetry.on(new RunEvent.Lost(FAR, "gone"));

            assertThat(answers).extracting(Refusal::reason).containsExactly(Refusal.Reason.STALE);
            await(telemetry, "wire_bytes_total", "1000.0", "class=\"forward\"", "codec=\"int8\"", "=\"sent\"");
            await(telemetry, "wire_bytes_total", "300.0", "class=\"forward\"", "direction=\"received\"");
            await(telemetry, "wire_refused_total", "1.0", "reason=\"no-credit\"", "by=\"them\"", "\"forward\"");
            await(telemetry, "wire_refused_total", "1.0", "reason=\"stale\"", "by=\"us\"", "\"forward\"");
            await(telemetry, "wire_reroutes_total", "1.0");
            await(telemetry, "wire_queue", "0.0", "class=\"forward\"");
            await(telemetry, "compute_failed_total", "1.0", "task=\"discard\"");
            await(telemetry, "run_rollbacks_total", "1.0");
            await(telemetry, "run_version", "5.0");
            await(telemetry, "run_members_lost_total", "2.0");
            await(telemetry, "run_digest_mismatches_total", "1.0");
            assertThat(telemetry.numbers().orElseThrow()).doesNotContain("murmuration_run_loss");
        }
    }

    /** A life counts from nothing, a process goes on. */
    @Test
    void who_is_turned_away_is_counted_over_all_lives() throws Exception {
        Whereabouts nowhere = new Whereabouts();
        WireCounts first = new WireCounts();
        first.turnedAway(Rejection.Reason.MARKED);
        first.turnedAway(Rejection.Reason.MARKED);
        WireCounts second = new WireCounts();
        second.turnedAway(Rejection.Reason.MARKED);
        try (NodeTelemetry telemetry = start(settings(
                "telemetry.prometheus.enabled=true", "telemetry.prometheus.port=0", "telemetry.interval=100ms"))) {
            await(telemetry, () -> telemetry.look(nowhere, first), "wire_turned_away_total", "2.0", "=\"marked\"");
            await(telemetry, () -> telemetry.look(nowhere, second), "wire_turned_away_total", "3.0", "=\"marked\"");
        }
    }

    /** A line of that metric with those labels and that value. */
    private static void await(NodeTelemetry telemetry, String metric, String value, String... labels)
            throws InterruptedException {
        await(telemetry, () -> {}, metric, value, labels);
    }

    /** @param meanwhile done again and again */
    private static void await(
            NodeTelemetry telemetry, Runnable meanwhile, String metric, String value, String... labels)
            throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (telemetry
                .numbers()
                .orElseThrow()
                .lines()
                .noneMatch(line -> line.startsWith("murmuration_" + metric)
                        && line.endsWith(" " + value)
                        && List.of(labels).stream().allMatch(line::contains))) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("expected " + metric + List.of(labels) + " " + value + ", got\n"
                        + telemetry.numbers().orElseThrow());
            }
            meanwhile.run();
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    @Test
    void a_page_that_cannot_be_had_is_named() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            LoadedNode loaded =
                    settings("telemetry.prometheus.enabled=true", "telemetry.prometheus.port=" + taken.getLocalPort());

            assertThatThrownBy(() -> start(loaded))
                    .isInstanceOf(UserError.class)
                    .hasMessage("cannot listen on 127.0.0.1:" + taken.getLocalPort()
                            + " for Prometheus (telemetry.prometheus): Address already in use");
        }
    }

    @Test
    void an_address_that_is_none_is_refused_with_its_key() {
        assertThatThrownBy(() -> settings("telemetry.zipkin.endpoint=zipkin:9411"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("murmuration.telemetry.zipkin.endpoint")
                .hasMessageContaining("expected an address such as http://HOST:PORT, without a path");
        assertThatThrownBy(() -> settings("telemetry.otlp.endpoint=http://collector:4318/v1/traces"))
                .hasMessageContaining("murmuration.telemetry.otlp.endpoint");
    }
}
