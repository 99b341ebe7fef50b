package io.murmuration.faults.scenario.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.cli.Murmuration;
import io.murmuration.cluster.cli.Parts;
import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.CheckpointModels;
import io.murmuration.cluster.run.LocalRuns;
import io.murmuration.faults.report.Compared;
import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Measure;
import io.murmuration.faults.scenario.Measured;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Verdict;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ScenarioCommandTest {

    private static final Path DESIGN = Path.of("src/test/resources/scenarios/design.conf");

    private static final String SMALL = """
            # Does it work at all?
            # More words.
            scenario {
              name = small
              steps = 20
              run.stages = 2
              nodes = [
                { name = eu, count = 4, roles = [shard] }
                { name = hub, count = 1, roles = [coordinator, trainer] }
              ]
              events = [
                { at = 1s, do = pause, target = eu-1, for = 1s }
                { at = 2s, do = kill, target = { group = eu, random = 1 } }
                { at = 3s, do = slow, target = eu-2, factor = 2, for = 1s }
              ]
              expect { lost-steps = 0 }
            }
            """;

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Terminal terminal = Terminal.plain(stream(), stream());
    private final Surroundings surroundings =
            new Surroundings(terminal, Map.of(), Optional.of(Path.of("..")), InstantSource.system());

    private PrintStream stream() {
        return new PrintStream(out, true, StandardCharsets.UTF_8);
    }

    private String printed() {
        String text = out.toString(StandardCharsets.UTF_8);
        out.reset();
        return text;
    }

    private Path small() throws IOException {
        return Files.writeString(folder.resolve("small.conf"), SMALL);
    }

    /** Fails if somebody is killed, does not know if nobody is paused, and passes otherwise. */
    private static ScenarioReport scripted(Scenario scenario, int pool) {
        boolean kills = scenario.events().stream().anyMatch(event -> event.action() instanceof Action.Kill);
        boolean pauses = scenario.events().stream().anyMatch(event -> event.action() instanceof Action.Pause);
        Map<Measure, Optional<Measured>> measured = new LinkedHashMap<>();
        measured.put(Measure.EVERY_MICROBATCH_COUNTED_ONCE, Optional.of(new Measured.Flag(true)));
        measured.put(Measure.REPLICAS_AGREE, Optional.of(new Measured.Flag(true)));
        measured.put(
                Measure.LOST_STEPS,
                kills || pauses ? Optional.of(new Measured.Amount(kills ? 2 : 0)) : Optional.empty());
        return new ScenarioReport(
                ScenarioReport.About.of(scenario, 60),
                Judgement.of(scenario.bounds(), measured, List.of()),
                new ScenarioReport.Curves(List.of(), List.of(), new ScenarioReport.Work(0, 0, 0)),
                Optional.empty(),
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new ScenarioReport.Simulated("abc", 1, 2, 3)));
    }

    private CommandLine command() {
        return ScenarioCommand.commandLine(
                surroundings,
                Optional.of(ScenarioCommandTest::scripted),
                Optional.of((seed, steps, pool, out) -> explored(seed)));
    }

    private ScenarioReport explored(long seed) {
        try {
            String text = seed == 5 ? SMALL : SMALL.replaceAll("(?m)^.*do = kill.*$", "");
            Path file = Files.writeString(folder.resolve("explored.conf"), text);
            return scripted(ScenarioCommand.reader(surroundings).read(file, Optional.of(seed)), 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int run(String text, String... more) throws IOException {
        Path file = Files.writeString(folder.resolve("small.conf"), text);
        String[] arguments = new String[more.length + 4];
        arguments[0] = "run";
        arguments[1] = file.toString();
        arguments[2] = "--out";
        arguments[3] = folder.resolve("report").toString();
        System.arraycopy(more, 0, arguments, 4, more.length);
        return command().execute(arguments);
    }

    @Test
    void check_prints_who_is_there_what_happens_and_what_is_demanded() {
        assertThat(command().execute("check", DESIGN.toString())).isZero();
        String text = printed();
        assertThat(text)
                .contains("burst loss with churn")
                .contains("10m")
                .contains("4 stages, 14 shards, 3 trainers, 3 coordinators")
                .contains("hub-1 to hub-3  region eu, coordinator + trainer + verifier")
                .contains("us->eu  latency 50ms, jitter normal 8ms, rate 20Mbps, loss gilbert-elliott")
                .contains("partition drop between region eu and region us for 20s")
                .contains("join 4 of group us: us-7, us-8, us-9, us-10")
                .contains("goes down (trace): us-4")
                .contains("when phase == averaging && round == 7  kill coordinator-leader")
                .contains("step 40  pause eu-3 for 45s: eu-3")
                .contains("9m 30s  heal everything")
                .contains("recovery                          < 30 s");
        // In the order of time, with the nodes that chance draws; the same every time.
        assertThat(text.indexOf("kill 2 of group us: us-")).isBetween(0, text.indexOf("partition drop"));
        assertThat(text.lines().filter(line -> line.contains("restart 1 of role shard: ")))
                .hasSize(36);
        assertThat(command().execute("check", DESIGN.toString())).isZero();
        assertThat(printed()).isEqualTo(text);
        assertThat(command().execute("check", DESIGN.toString(), "--seed=43")).isZero();
        assertThat(printed()).isNotEqualTo(text);
    }

    @Test
    void run_prints_each_bound_with_its_value_and_how_to_run_again() throws IOException {
        assertThat(run(SMALL)).isEqualTo(1);
        assertThat(printed())
                .startsWith("failed  small")
                .contains("failed   lost-steps                     2 (demanded = 0)")
                .contains("passed   replicas-agree")
                .contains("history abc")
                .contains("seed    1")
                .contains("replay  bin/murmuration scenario run " + folder.resolve("small.conf") + " --seed 1")
                .contains("report  " + folder.resolve("report").resolve("report.html"));
        assertThat(folder.resolve("report").resolve("report.json")).isNotEmptyFile();
    }

    @Test
    void the_exit_code_is_the_verdict() throws IOException {
        String nobodyDies = SMALL.replaceAll("(?m)^.*do = kill.*$", "");
        assertThat(run(nobodyDies)).isZero();
        assertThat(run(nobodyDies.replaceAll("(?m)^.*do = pause.*$", ""))).isEqualTo(2);
        assertThat(printed()).contains("unknown  lost-steps").contains("not measured");
    }

    @Test
    void shrink_says_which_events_it_takes() throws IOException {
        assertThat(run(SMALL, "--shrink")).isEqualTo(1);
        assertThat(printed())
                .contains("it still fails with 1 of 3 events")
                .contains("small.conf:13  at 2s: kill 1 of group eu");
    }

    /** As above; and it is wrong by itself unless somebody is slow. */
    private static ScenarioReport touchy(Scenario scenario, int pool) {
        ScenarioReport report = scripted(scenario, pool);
        boolean slow = scenario.events().stream().anyMatch(event -> event.action() instanceof Action.Slow);
        var violation = new Judgement.Violation("rosters grow", "it did not", 1);
        return slow
                ? report
                : new ScenarioReport(
                        report.about(),
                        new Judgement(Verdict.FAILED, report.judgement().bounds(), List.of(violation)),
                        report.run(),
                        report.control(),
                        report.faults(),
                        report.links(),
                        report.staleness(),
                        report.detections(),
                        report.simulated());
    }

    @Test
    void shrink_looks_for_what_failed_at_first_and_for_nothing_else() throws IOException {
        CommandLine touchy =
                ScenarioCommand.commandLine(surroundings, Optional.of(ScenarioCommandTest::touchy), Optional.empty());
        String pausedAlone = SMALL.replace("expect { lost-steps = 0 }", "expect { lost-steps = \"< 0\" }")
                .replaceAll("(?m)^.*do = kill.*$", "");
        Path file = Files.writeString(folder.resolve("small.conf"), pausedAlone);
        assertThat(touchy.execute(
                        "run", file.toString(), "--out", folder.resolve("r").toString(), "--shrink"))
                .isEqualTo(1);
        assertThat(printed())
                .contains("it still fails with 1 of 2 events")
                .contains("in one of lost-steps:")
                .contains("small.conf:12  at 1s: pause eu-1");
    }

    private int compare(String text) throws IOException {
        Comparer comparer = (scenario, pool) -> {
            ScenarioReport simulated = scripted(scenario.withEvents(List.of()), pool);
            return new Compared(
                    simulated,
                    scripted(scenario, pool),
                    List.of("eu 19 MFLOPS"),
                    List.of(new Compared.Row("recovery, s", Optional.of(10.0), Optional.of(13.0), true)),
                    List.of("why"));
        };
        Path file = Files.writeString(folder.resolve("small.conf"), text);
        return ScenarioCommand.commandLine(
                        surroundings,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(comparer),
                        Optional.empty())
                .execute(
                        "compare", file.toString(), "--out", folder.resolve("c").toString());
    }

    @Test
    void compare_says_how_far_apart_two_ways_to_run_are_and_fails_where_they_are_judged_otherwise() throws IOException {
        assertThat(compare(SMALL)).isEqualTo(1);
        assertThat(printed())
                .contains("| verdict | unknown | failed | | differs |")
                .contains("| recovery, s | 10.0 | 13.0 | 1.30 | no |")
                .contains("fitted: eu 19 MFLOPS");
        assertThat(folder.resolve("c").resolve("comparison.md")).content().contains("- why");
        assertThat(folder.resolve("c").resolve("sockets").resolve("report.html"))
                .exists();
        assertThat(compare(SMALL.replaceAll("(?m)^.*do = (kill|pause).*$", ""))).isZero();
    }

    @Test
    void encryption_wants_sockets() throws IOException {
        Murmuration murmuration =
                new Murmuration(new Parts(new LocalRuns(), new CheckpointModels("java"), () -> "none"), surroundings);
        assertThat(murmuration.execute("scenario", "run", small().toString(), "--tls"))
                .isEqualTo(2);
        assertThat(printed()).isEqualTo("murmuration: --tls wants sockets to encrypt: only --mode sockets has them\n");
    }

    @Test
    void explore_names_the_seeds_that_fail() {
        assertThat(command().execute("explore", "--seeds=4", "--first=3")).isEqualTo(1);
        assertThat(printed())
                .contains("failed  small")
                .containsPattern("4 seeds from 3 \\(.* seeds/s\\): 1 did not pass: 5");
        assertThat(command().execute("explore", "--seeds=2")).isZero();
        assertThat(printed()).matches("2 seeds from 1 \\([0-9.]+ seeds/s\\): all passed\n");
    }

    @Test
    void list_says_what_each_scenario_asks_and_what_is_wrong() throws IOException {
        small();
        assertThat(command().execute("list", folder.toString())).isZero();
        assertThat(printed()).contains("small.conf  small (20 steps)").contains("    Does it work at all?");
        Files.writeString(folder.resolve("wrong.conf"), "scenario {\n  nam = x\n}\n");
        assertThat(command().execute("list", folder.toString())).isEqualTo(2);
        assertThat(printed()).contains("wrong.conf  wrong: ").contains("wrong.conf:1");
    }

    @Test
    void the_launcher_brings_the_command_and_an_error_is_one_line_and_exit_code_2() throws IOException {
        Murmuration murmuration =
                new Murmuration(new Parts(new LocalRuns(), new CheckpointModels("java"), () -> "none"), surroundings);
        assertThat(murmuration.execute("scenario", "check", small().toString())).isZero();
        assertThat(printed()).contains("small").contains("pause eu-1 for 1s");
        Path wrong = Files.writeString(folder.resolve("small.conf"), SMALL.replace("do = slow", "do = slo"));
        assertThat(murmuration.execute("scenario", "check", wrong.toString())).isEqualTo(2);
        assertThat(printed())
                .isEqualTo("murmuration: events[2].do = \"slo\" (" + wrong
                        + ":14): expected one of kill, partition, pause,"
                        + " slow, join, leave, restart, churn, link, disk, clock, heal; the nearest is slow\n");
        assertThat(murmuration.execute(
                        "scenario", "check", folder.resolve("none").toString()))
                .isEqualTo(2);
        assertThat(murmuration.execute("scenario", "list", "--nope")).isEqualTo(2);
    }

    @Test
    void without_a_runner_there_is_no_run_and_without_an_explorer_no_explore() {
        CommandLine bare = ScenarioCommand.commandLine(surroundings, Optional.empty(), Optional.empty());
        assertThat(bare.getSubcommands()).containsOnlyKeys("check", "list");
        assertThat(command().getSubcommands()).containsKeys("run", "check", "list", "explore");
    }
}
