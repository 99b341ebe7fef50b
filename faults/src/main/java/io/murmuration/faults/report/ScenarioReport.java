package io.murmuration.faults.report;

import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Words;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * All that is told about a scenario that was run. Of a simulated run nothing in it was measured with a clock of this machine,
 * so the same seed gives the same report; times are virtual seconds since the start of the run, or over sockets seconds.
 *
 * @param about what was run
 * @param run what the run did
 * @param control the same without events, where a bound needed it
 * @param faults what befell the run, in the order of time
 * @param links bytes sent by link
 * @param staleness of gradients; empty for a synchronous run, which has none
 * @param detections of adversaries; empty where there were none
 * @param simulated what only a simulated run has
 */
public record ScenarioReport(
        About about,
        Judgement judgement,
        Curves run,
        Optional<Curves> control,
        List<Fault> faults,
        List<LinkBytes> links,
        Optional<Staleness> staleness,
        Optional<Detections> detections,
        Optional<Simulated> simulated) {

    /**
     * What was run.
     *
     * @param replay the command that gives this report again
     * @param seconds virtual length of the run
     */
    public record About(
            String name,
            String question,
            long seed,
            String replay,
            String compute,
            double seconds,
            List<String> notes) {
        public About {
            notes = List.copyOf(notes);
        }

        /** Of a scenario that was read from a file. */
        public static About of(Scenario scenario, double seconds) {
            return new About(
                    scenario.name(),
                    scenario.question(),
                    scenario.seed(),
                    "bin/murmuration scenario run " + shell(scenario.file().toString()) + " --seed " + scenario.seed()
                            + scenario.given().stream()
                                    .map(setting -> " --set " + shell(setting))
                                    .collect(Collectors.joining()),
                    Words.of(scenario.compute()),
                    seconds,
                    scenario.notes());
        }
    }

    /**
     * A run over time.
     *
     * @param steps committed steps, in their order
     * @param members one entry whenever the roster changed
     */
    public record Curves(List<Step> steps, List<Members> members, Work work) {
        public Curves {
            steps = List.copyOf(steps);
            members = List.copyOf(members);
        }
    }

    /**
     * A committed step.
     *
     * @param version the parameters' version that it made
     * @param tokens committed since the start, this step's included
     * @param loss mean over the step's tokens, nats; NaN where none was computed
     */
    public record Step(double seconds, long version, long tokens, double loss) {}

    /** Who was in the roster from that time on. */
    public record Members(double seconds, int shards, int trainers) {}

    /**
     * What was computed, in microbatch-stages: one stage's forward and backward of one microbatch.
     *
     * @param computed in all
     * @param counted in committed steps
     * @param replayed again, because who had counted it was lost
     */
    public record Work(long computed, long counted, long replayed) {
        /** Computed for nothing, as a part of what was counted; NaN where nothing was. */
        public double wasted() {
            return counted == 0 ? Double.NaN : (double) computed / counted - 1;
        }
    }

    /**
     * Something that befell the run.
     *
     * @param what in a few words
     * @param nodes whom it befell; may be empty
     * @param until when it was over; empty for what is over at once and for what lasted until the end
     * @param lasting whether it has a length at all
     * @param tookMembers whether the run had to get over it: it took members, if only by cutting them off
     * @param recovery seconds from its start to the first step that a roster without the lost members committed; empty
     *     where nobody was lost or it never happened
     */
    public record Fault(
            String what,
            List<String> nodes,
            double from,
            Optional<Double> until,
            boolean lasting,
            boolean tookMembers,
            Optional<Double> recovery) {
        public Fault {
            nodes = List.copyOf(nodes);
        }
    }

    /** Bytes sent one way, by plane. */
    public record LinkBytes(String from, String to, long control, long data) {
        public long total() {
            return control + data;
        }
    }

    /**
     * What a simulated run was made of.
     *
     * @param historyHash of everything that happened
     * @param events that happened
     * @param controlPerNodeAndStep control messages that a node sent in a step, in the mean, coordinators' apart
     * @param controlOfCoordinatorsPerStep control messages that coordinators sent in a step; NaN without steps, as above
     */
    public record Simulated(
            String historyHash, long events, double controlPerNodeAndStep, double controlOfCoordinatorsPerStep) {}

    /** How many versions old the parameters were that gradients were computed with. */
    public record Staleness(double mean, double p99, long most) {}

    /**
     * How adversaries were found.
     *
     * @param adversaries in all
     * @param ejected of these
     * @param honestEjected members that were none and were ejected
     * @param auditOverhead work of audits as a part of the counted work
     */
    public record Detections(int adversaries, int ejected, int honestEjected, double auditOverhead) {}

    /** The same with one more note for its reader. */
    public ScenarioReport noted(String note) {
        List<String> notes = new ArrayList<>(about.notes());
        notes.add(note);
        return new ScenarioReport(
                new About(
                        about.name(),
                        about.question(),
                        about.seed(),
                        about.replay(),
                        about.compute(),
                        about.seconds(),
                        notes),
                judgement,
                run,
                control,
                faults,
                links,
                staleness,
                detections,
                simulated);
    }

    /** The hash of a simulated run's history. */
    public Optional<String> historyHash() {
        return simulated.map(Simulated::historyHash);
    }

    public ScenarioReport {
        faults = List.copyOf(faults);
        links = List.copyOf(links);
    }

    private static String shell(String text) {
        return text.matches("[A-Za-z0-9_./+=:@%-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
