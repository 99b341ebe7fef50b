package io.murmuration.faults.run;

import io.murmuration.faults.check.Bounded;
import io.murmuration.faults.check.Check;
import io.murmuration.faults.check.ExactlyOnce;
import io.murmuration.faults.check.Measurements;
import io.murmuration.faults.check.Observer;
import io.murmuration.faults.check.Recovery;
import io.murmuration.faults.check.ReplicaDigests;
import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Measure;
import io.murmuration.faults.scenario.Measured;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.simulation.world.LinkCount;
import io.murmuration.faults.simulation.world.TrafficClass;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Runs a scenario, and the same without events where a bound needs that, and judges. */
public final class ScenarioRun {

    /** A loss at one step is noisy; the mean of so many is compared. */
    private static final int LOSS_WINDOW = 5;

    private static final double NANOS = 1e9;

    /**
     * What came of it.
     *
     * @param historyHash empty where nothing was simulated
     * @param events that happened in the simulated world, the control run's included
     */
    public record Result(ScenarioReport report, Judgement judgement, String historyHash, long events) {}

    private ScenarioRun() {}

    /**
     * Runs it in virtual time.
     *
     * @param folder for checkpoints while it runs
     * @param threads that compute; the history does not depend on it
     * @param others who look on besides
     */
    public static Result simulated(Scenario scenario, Path folder, int threads, List<Observer> others) {
        Outcome run = OneRun.of(scenario, folder.resolve("run"), threads, others);
        Optional<Outcome> control = scenario.needsControl()
                ? Optional.of(OneRun.of(scenario.control(), folder.resolve("control"), threads, List.of()))
                : Optional.empty();
        return result(scenario, run, control, "");
    }

    /**
     * Runs it in processes of this machine, in time of the wall.
     *
     * @param folder for all that the processes write
     * @param tls whether everything between nodes is encrypted
     */
    static Result overSockets(Scenario scenario, Path folder, boolean tls) {
        Outcome run = SocketRun.of(scenario, folder.resolve("run"), tls, List.of(), seen -> {});
        Optional<Outcome> control = scenario.needsControl()
                ? Optional.of(SocketRun.of(scenario.control(), folder.resolve("control"), tls, List.of(), seen -> {}))
                : Optional.empty();
        return result(scenario, run, control, " --mode sockets" + (tls ? " --tls" : ""));
    }

    /** @param options that the command needs to run it again in this way */
    static Result result(Scenario scenario, Outcome run, Optional<Outcome> control, String options) {
        List<Judgement.Violation> violations = new ArrayList<>();
        for (Check check : run.checks()) {
            check.violations()
                    .forEach(each -> violations.add(
                            new Judgement.Violation(check.name(), each.counterexample(), each.time() / NANOS)));
        }
        Judgement judgement = Judgement.of(scenario.bounds(), measured(scenario, run, control), violations);
        return new Result(
                report(scenario, run, control, judgement, options),
                judgement,
                run.historyHash().orElse(""),
                run.events() + control.map(Outcome::events).orElse(0L));
    }

    private static Map<Measure, Optional<Measured>> measured(
            Scenario scenario, Outcome run, Optional<Outcome> control) {
        Measurements measurements = run.measurements();
        boolean committed = !measurements.steps().isEmpty();
        Map<Measure, Optional<Measured>> measured = new EnumMap<>(Measure.class);
        measured.put(Measure.EVERY_MICROBATCH_COUNTED_ONCE, flag(committed, held(run, ExactlyOnce.class)));
        measured.put(Measure.REPLICAS_AGREE, flag(committed, held(run, ReplicaDigests.class)));
        measured.put(Measure.NO_ROLLBACK, flag(committed, !measurements.wentBack()));
        measured.put(Measure.FINAL_LOSS, amount(measurements.finalLoss(1)));
        measured.put(Measure.RECOVERY, seconds(measurements.recovery()));
        measured.put(Measure.PROGRESS_AFTER_HEAL, seconds(measurements.progressAfterHeal()));
        measured.put(Measure.LOST_STEPS, Optional.of(new Measured.Amount(measurements.lostSteps())));
        measured.put(
                Measure.STEPS_COMMITTED,
                Optional.of(new Measured.Amount(measurements.steps().size())));
        measured.put(Measure.WASTED_WORK, amount(measurements.wastedWork()));
        measured.put(Measure.UTILISATION, amount(measurements.utilisation()));
        boolean looked = run.checks().stream().anyMatch(check -> check instanceof Bounded bounded && bounded.looked());
        measured.put(Measure.BOUNDED_MEMORY, flag(looked, held(run, Bounded.class)));
        // Nobody in a scenario without adversaries is one.
        measured.put(Measure.HONEST_EJECTED, Optional.of(new Measured.Amount(measurements.ejected())));
        measured.put(Measure.HISTORY_HASH, run.historyHash().map(hash -> new Measured.Text(hash)));
        control.ifPresent(other -> {
            measured.put(Measure.FINAL_LOSS_RATIO_TO_CONTROL, lossRatio(measurements, other.measurements()));
            measured.put(
                    Measure.THROUGHPUT_RATIO_TO_CONTROL,
                    ratio(measurements.stepsPerSecond(), other.measurements().stepsPerSecond()));
            if (run.checkpoint().isPresent()
                    && other.checkpoint().isPresent()
                    && run.lost().version() == other.lost().version()) {
                measured.put(
                        Measure.PARAMETERS_DISTANCE_TO_CONTROL,
                        Optional.of(new Measured.Amount(Parameters.distance(
                                scenario.settings(),
                                run.checkpoint().get(),
                                other.checkpoint().get()))));
            }
        });
        return measured;
    }

    private static boolean held(Outcome run, Class<? extends Check> kind) {
        return run.checks().stream().filter(kind::isInstance).allMatch(check -> check.count() == 0);
    }

    private static Optional<Measured> flag(boolean known, boolean value) {
        return known ? Optional.of(new Measured.Flag(value)) : Optional.empty();
    }

    private static Optional<Measured> amount(OptionalDouble value) {
        return value.isPresent() ? Optional.of(new Measured.Amount(value.getAsDouble())) : Optional.empty();
    }

    private static Optional<Measured> seconds(OptionalLong nanos) {
        return nanos.isPresent() ? Optional.of(new Measured.Amount(nanos.getAsLong() / NANOS)) : Optional.empty();
    }

    private static Optional<Measured> ratio(OptionalDouble value, OptionalDouble base) {
        return value.isPresent() && base.isPresent() && base.getAsDouble() > 0
                ? Optional.of(new Measured.Amount(value.getAsDouble() / base.getAsDouble()))
                : Optional.empty();
    }

    /** Both at the last step that both have. */
    private static Optional<Measured> lossRatio(Measurements run, Measurements control) {
        Map<Long, Double> ours = losses(run);
        Map<Long, Double> theirs = losses(control);
        List<Long> both = ours.keySet().stream().filter(theirs::containsKey).toList();
        List<Long> last = both.subList(Math.max(0, both.size() - LOSS_WINDOW), both.size());
        return ratio(
                last.stream().mapToDouble(ours::get).average(),
                last.stream().mapToDouble(theirs::get).average());
    }

    private static Map<Long, Double> losses(Measurements run) {
        Map<Long, Double> losses = new TreeMap<>();
        run.steps().forEach(step -> losses.put(step.step(), step.loss()));
        return losses;
    }

    // ---- the report ---------------------------------------------------------------------------------------------

    private static ScenarioReport report(
            Scenario scenario, Outcome run, Optional<Outcome> control, Judgement judgement, String options) {
        List<String> notes = new ArrayList<>(scenario.notes());
        notes.addAll(run.notes());
        var about = ScenarioReport.About.of(scenario, run.measurements().duration() / NANOS);
        var remarked = new ScenarioReport.About(
                about.name(),
                about.question(),
                about.seed(),
                about.replay() + options,
                about.compute(),
                about.seconds(),
                notes);
        return new ScenarioReport(
                remarked,
                judgement,
                curves(scenario, run.measurements()),
                control.map(other -> curves(scenario, other.measurements())),
                run.measurements().faults().stream()
                        .map(fault -> fault(fault, run.measurements().countsForRecovery(fault)))
                        .toList(),
                links(run.links()),
                Optional.empty(),
                Optional.empty(),
                run.historyHash().map(hash -> simulated(scenario, run, hash)));
    }

    private static ScenarioReport.Simulated simulated(Scenario scenario, Outcome run, String hash) {
        Measurements measurements = run.measurements();
        double steps = measurements.steps().size();
        long nodes = scenario.groups().stream()
                .mapToLong(group -> group.initial().size())
                .sum();
        return new ScenarioReport.Simulated(
                hash,
                run.events(),
                steps == 0 ? Double.NaN : measurements.controlOfOthers() / steps / nodes,
                steps == 0 ? Double.NaN : measurements.controlOfCoordinators() / steps);
    }

    private static ScenarioReport.Curves curves(Scenario scenario, Measurements measurements) {
        long perStep = (long) scenario.settings().batch().sequences()
                * scenario.settings().model().sequence();
        List<ScenarioReport.Step> steps = new ArrayList<>();
        long tokens = 0;
        long counted = 0;
        for (Measurements.Step step : measurements.steps()) {
            tokens += perStep;
            counted += (long) step.counted() * scenario.settings().swarm().stages();
            steps.add(new ScenarioReport.Step(step.time() / NANOS, step.step() + 1, tokens, step.loss()));
        }
        return new ScenarioReport.Curves(
                steps,
                measurements.sizes().stream()
                        .map(size -> new ScenarioReport.Members(size.time() / NANOS, size.shards(), size.trainers()))
                        .toList(),
                new ScenarioReport.Work(measurements.computedMicrobatchStages(), counted, measurements.replayed()));
    }

    private static ScenarioReport.Fault fault(Recovery.Fault fault, boolean counts) {
        return new ScenarioReport.Fault(
                fault.what(),
                fault.hit().stream().map(RunTracker::nodeOf).distinct().toList(),
                fault.begin() / NANOS,
                fault.end().isPresent() ? Optional.of(fault.end().getAsLong() / NANOS) : Optional.empty(),
                fault.lasting(),
                counts,
                fault.recovered().isPresent()
                        ? Optional.of((fault.recovered().getAsLong() - fault.begin()) / NANOS)
                        : Optional.empty());
    }

    private static List<ScenarioReport.LinkBytes> links(List<LinkCount> counts) {
        Map<String, ScenarioReport.LinkBytes> links = new TreeMap<>();
        for (LinkCount count : counts) {
            boolean control = count.traffic() == TrafficClass.CONTROL;
            var bytes = new ScenarioReport.LinkBytes(
                    count.from(), count.to(), control ? count.bytes() : 0, control ? 0 : count.bytes());
            links.merge(
                    count.from() + " " + count.to(),
                    bytes,
                    (a, b) -> new ScenarioReport.LinkBytes(
                            a.from(), a.to(), a.control() + b.control(), a.data() + b.data()));
        }
        return List.copyOf(links.values());
    }
}
