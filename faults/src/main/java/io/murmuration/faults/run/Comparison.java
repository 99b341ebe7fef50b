package io.murmuration.faults.run;

import io.murmuration.faults.check.Measurements;
import io.murmuration.faults.report.Compared;
import io.murmuration.faults.report.Compared.Row;
import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.cli.Comparer;
import io.murmuration.faults.simulation.world.MembershipSettings;
import io.murmuration.faults.simulation.world.NetworkSettings;
import io.murmuration.faults.simulation.world.WorldSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Runs a scenario in processes and simulated, and says how far the model is from them. One number is fitted, the compute rate
 * of each group of nodes, from a run in processes in which nothing happens. Detection is no fit: the simulation is told what
 * the nodes are configured with.
 */
public final class Comparison implements Comparer {

    private static final double NANOS = 1e9;

    /** Heartbeats come every second, as {@code node.detection} says of them. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(1);

    /**
     * Beyond the pause that is accepted: phi is 10 at 6.4 deviations of an interval between heartbeats, and a deviation counts
     * as 200 ms at least (murmuration-pekko-node.conf).
     */
    private static final Duration DOUBT = Duration.ofMillis(1280);

    /**
     * Pekko's resolver, its gossip and its leader of the cluster act once a second each, half of that late on average; the
     * simulated ones act at once.
     */
    private static final Duration TICKS = Duration.ofMillis(3 * 500);

    /** A coordinator that crashes is silent like any other; a worker is refused by two at their next attempts to connect. */
    private static final Duration REFUSED_TWICE = Duration.ofMillis(500);

    /** One side: its run, the same without events, and what was noticed. */
    private record Side(Outcome run, Outcome quiet, Noticed noticed) {}

    @Override
    public Compared compare(Scenario scenario, int pool) {
        SocketLimits.check(scenario);
        try {
            Path folder = Files.createTempDirectory("murmuration-compare-");
            ComputeRates rates = new ComputeRates(scenario);
            Outcome quiet = SocketRun.of(scenario.control(), folder.resolve("quiet"), false, List.of(), rates);
            Scenario fitted = rates.fitted();
            Noticed real = new Noticed();
            Side sockets = new Side(
                    SocketRun.of(scenario, folder.resolve("run"), false, List.of(real), seen -> {}), quiet, real);
            Noticed virtual = new Noticed();
            Side simulated = new Side(
                    OneRun.of(fitted, folder.resolve("simulated"), pool, List.of(virtual), asConfigured()),
                    OneRun.of(fitted.control(), folder.resolve("simulated-quiet"), pool, List.of(), asConfigured()),
                    virtual);
            Compared compared = compared(scenario, fitted, simulated, sockets);
            if (compared.sockets().judgement().verdict() == Verdict.PASSED) {
                SocketScenarios.delete(folder);
                return compared;
            }
            List<String> remarks = new ArrayList<>(compared.remarks());
            remarks.add("what the nodes wrote is kept in " + folder);
            return new Compared(compared.simulated(), compared.sockets(), compared.rates(), compared.rows(), remarks);
        } catch (IOException e) {
            throw new UncheckedIOException("the folder of the nodes", e);
        }
    }

    /** Membership as the nodes of {@link SocketSwarm} are set to. */
    private static WorldSettings asConfigured() {
        MembershipSettings usual = MembershipSettings.DEFAULT;
        Duration silence =
                SocketSwarm.DETECTION.heartbeatPause().plus(HEARTBEAT).plus(DOUBT);
        return new WorldSettings(
                NetworkSettings.DEFAULT,
                new MembershipSettings(
                        silence,
                        silence,
                        usual.seenAgainAfter(),
                        SocketSwarm.DETECTION.stableAfter().plus(TICKS),
                        SocketSwarm.DETECTION.removalMargin(),
                        usual.joinDelay(),
                        usual.gossip(),
                        Optional.of(REFUSED_TWICE),
                        usual.handOver()));
    }

    private static Compared compared(Scenario scenario, Scenario fitted, Side simulated, Side sockets) {
        ScenarioReport virtual = ScenarioRun.result(fitted, simulated.run(), Optional.of(simulated.quiet()), "")
                .report();
        ScenarioReport real = ScenarioRun.result(
                        scenario, sockets.run(), Optional.of(sockets.quiet()), " --mode sockets")
                .report();
        double tokens = (double) scenario.settings().batch().sequences()
                * scenario.settings().model().sequence();
        Row quiet = row(
                "throughput without events, tokens/s",
                throughput(simulated.quiet(), tokens),
                throughput(sockets.quiet(), tokens),
                false);
        Row throughput = row(
                "throughput, tokens/s", throughput(simulated.run(), tokens), throughput(sockets.run(), tokens), true);
        Row recovery = row(
                "recovery, s",
                seconds(simulated.run().measurements().recovery()),
                seconds(sockets.run().measurements().recovery()),
                true);
        Row noticed = row(
                "of which until the run says who is gone, s",
                seconds(simulated.noticed().longest()),
                seconds(sockets.noticed().longest()),
                false);
        Row busy = row(
                "part of the shards' time that computes, without events",
                boxed(simulated.quiet().measurements().utilisation()),
                boxed(sockets.quiet().measurements().utilisation()),
                false);
        return new Compared(
                virtual,
                real,
                rates(scenario, fitted),
                List.of(throughput, recovery, noticed, quiet, busy),
                remarks(throughput, recovery, noticed, quiet));
    }

    private static List<String> remarks(Row throughput, Row recovery, Row noticed, Row quiet) {
        List<String> remarks = new ArrayList<>();
        if (!quiet.isClose()) {
            remarks.add(
                    "Assumption that is off: a step takes what its passes, hand-overs and averages take on links and"
                            + " devices as the file has them. Without any event processes need " + times(quiet)
                            + " the simulated throughput: what actors, sockets, proxies and one machine's cores for all nodes cost"
                            + " is not in the model.");
        } else if (!throughput.isClose() && throughput.ratio().isPresent()) {
            remarks.add("Steps without events agree; what differs is the time that the faults cost.");
        }
        if (recovery.ratio().isPresent() && !recovery.isClose()) {
            remarks.add(
                    noticed.ratio().isPresent() && !noticed.isClose()
                            ? "Assumption that is off: how soon membership finds out. Until somebody is said to be gone it takes "
                                    + times(noticed) + " the simulated time."
                            : "Who is gone is known equally soon; what differs is what the run does then, up to its next step.");
        }
        return remarks;
    }

    private static String times(Row row) {
        return row.ratio()
                .map(ratio -> String.format(Locale.ROOT, "%.2f times", ratio))
                .orElse("another part of");
    }

    private static List<String> rates(Scenario scenario, Scenario fitted) {
        List<String> rates = new ArrayList<>();
        for (int i = 0; i < scenario.groups().size(); i++) {
            NodeGroup group = scenario.groups().get(i);
            rates.add(String.format(
                    Locale.ROOT,
                    "%s %.4g MFLOPS (the file says %.4g)",
                    group.name(),
                    fitted.groups().get(i).flops() / 1e6,
                    group.flops() / 1e6));
        }
        return rates;
    }

    private static Row row(String what, Optional<Double> simulated, Optional<Double> sockets, boolean demanded) {
        return new Row(what, simulated, sockets, demanded);
    }

    /** From the step with which everybody is warm to the last one: the start of processes is no part of a run. */
    private static Optional<Double> throughput(Outcome outcome, double tokens) {
        List<Measurements.Step> steps = outcome.measurements().steps();
        if (steps.size() < ComputeRates.WARM_UP + 2) {
            return Optional.empty();
        }
        double nanos =
                steps.getLast().time() - steps.get(ComputeRates.WARM_UP - 1).time();
        return Optional.of((steps.size() - ComputeRates.WARM_UP) * tokens * NANOS / nanos);
    }

    private static Optional<Double> seconds(OptionalLong nanos) {
        return nanos.isPresent() ? Optional.of(nanos.getAsLong() / NANOS) : Optional.empty();
    }

    private static Optional<Double> boxed(OptionalDouble value) {
        return value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty();
    }
}
