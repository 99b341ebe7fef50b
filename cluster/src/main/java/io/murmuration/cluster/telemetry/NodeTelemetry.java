package io.murmuration.cluster.telemetry;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.telemetry.Telemetry;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.TelemetrySettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.membership.Whereabouts;
import io.murmuration.cluster.transport.WireCounts;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import kamon.Kamon;
import kamon.prometheus.PrometheusReporter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.concurrent.Await;

/**
 * All that the process of a node tells those who watch it. Numbers are taken where the events are: at the ports of compute and
 * data plane, from what the coordinator tells, and from the directory. There is one in a process, because Kamon is. Where
 * nothing is configured it hands back what it is given, and Kamon is not even loaded. Thread-safe, but for {@link #on} and
 * {@link #look}, which one thread calls.
 */
public final class NodeTelemetry implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(NodeTelemetry.class);

    /** How long what is still to be sent may take at the end. */
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    /** Whose traffic and run it is. */
    private record Watched(KamonTelemetry telemetry, RunSettings run, String node, RunMetrics metrics) {}

    private final Optional<Watched> watched;
    private final Optional<PrometheusReporter> numbers;
    private final Optional<ScrapePage> page;

    private NodeTelemetry(Optional<Watched> watched, Optional<PrometheusReporter> numbers, Optional<ScrapePage> page) {
        this.watched = watched;
        this.numbers = numbers;
        this.page = page;
    }

    /** Nobody watches. */
    public static NodeTelemetry off() {
        return new NodeTelemetry(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * Starts what is configured.
     *
     * @param node its name
     * @throws UserError if the page cannot be had where it is to be
     */
    public static NodeTelemetry start(TelemetrySettings settings, String node, RunSettings run) {
        if (!settings.watched()) {
            return off();
        }
        Kamon.initWithoutAttaching(KamonConfig.of(settings, node));
        try {
            Optional<PrometheusReporter> numbers = settings.prometheus().map(asked -> {
                PrometheusReporter reporter = PrometheusReporter.create();
                Kamon.addReporter("murmuration-prometheus", reporter);
                return reporter;
            });
            Optional<ScrapePage> page =
                    settings.prometheus().map(asked -> new ScrapePage(asked, numbers.orElseThrow()::scrapeData));
            page.ifPresent(open -> LOG.info("numbers are at http://{}/metrics", open.bound()));
            settings.zipkin()
                    .ifPresent(address -> Kamon.addReporter("murmuration-zipkin", new ZipkinReporter(node, address)));
            KamonTelemetry telemetry = new KamonTelemetry(settings.traces(), settings.sample());
            return new NodeTelemetry(
                    Optional.of(new Watched(telemetry, run, node, new RunMetrics(telemetry, run, node))),
                    numbers,
                    page);
        } catch (RuntimeException e) {
            stop();
            throw e;
        }
    }

    /** What actors are given. */
    public Telemetry port() {
        return watched.<Telemetry>map(Watched::telemetry).orElse(Telemetry.OFF);
    }

    /** The same compute, watched. */
    public Compute watch(Compute compute) {
        return watched.<Compute>map(open -> new WatchedCompute(compute, open.telemetry(), open.run()))
                .orElse(compute);
    }

    /** The same data plane, watched; only what goes to other nodes, or comes from them, is counted as bytes. */
    public DataPlane watch(DataPlane plane) {
        return watched.<DataPlane>map(open ->
                        new WatchedDataPlane(plane, open.telemetry(), open.run().wire(), open.node()))
                .orElse(plane);
    }

    /** Something that the coordinator here tells. */
    public void on(RunEvent event) {
        watched.ifPresent(open -> open.metrics().on(event));
    }

    /**
     * Looks at who is there, and who was turned away; cheap, to be called often.
     *
     * @param wire of the present life
     */
    public void look(Whereabouts whereabouts, WireCounts wire) {
        watched.ifPresent(open -> open.metrics().look(whereabouts, wire));
    }

    /** Where the numbers can be asked for. */
    public Optional<InetSocketAddress> page() {
        return page.map(ScrapePage::bound);
    }

    /** The numbers as a Prometheus wants them, as of the last update; empty if nobody asked for them. */
    public Optional<String> numbers() {
        return numbers.map(PrometheusReporter::scrapeData);
    }

    /** Sends what is still to be sent, and lets go of everything. */
    @Override
    public void close() {
        page.ifPresent(ScrapePage::close);
        if (watched.isPresent()) {
            stop();
        }
    }

    private static void stop() {
        try {
            Await.ready(Kamon.stop(), scala.concurrent.duration.Duration.fromNanos(FAREWELL.toNanos()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.TimeoutException e) {
            LOG.warn("telemetry did not end in {}", FAREWELL);
        }
    }
}
