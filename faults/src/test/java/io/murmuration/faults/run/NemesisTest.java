package io.murmuration.faults.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.faults.check.Recovery;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NemesisTest {

    private static final String SCENARIO = """
            scenario {
              name = nemesis
              steps = 8
              compute = cost
              run { model.preset = nano, swarm.stages = 2, batch { sequences = 4, microbatch = 1 } }
              nodes = [
                { name = hub, count = 1, roles = [coordinator, trainer], flops = 100MFLOPS }
                { name = eu, count = 4, roles = [shard], flops = 100MFLOPS }
                { name = spare, count = 2, roles = [shard], flops = 100MFLOPS, start = later }
              ]
              events = [ EVENTS ]
              heal = before-end
            }
            """;

    @TempDir
    private Path folder;

    private Outcome run(String events) throws IOException {
        Path file = Files.writeString(folder.resolve("nemesis.conf"), SCENARIO.replace("EVENTS", events));
        return OneRun.of(new ScenarioReader(Optional.empty()).read(file), folder.resolve("disks"), 1, List.of());
    }

    private static List<String> faults(Outcome outcome) {
        return outcome.measurements().faults().stream()
                .map(Recovery.Fault::what)
                .toList();
    }

    @Test
    void who_has_joined_may_be_hit_like_any_other() throws IOException {
        Outcome outcome = run("""
                { step = 1, do = join, group = spare },
                { step = 2, do = slow, target = { group = spare, random = 1 }, factor = 2 },
                { when = "step >= 3", do = kill, target = spare-1 }
                """);
        assertThat(faults(outcome))
                .containsExactly(
                        "join 1 of group spare (spare-1)",
                        "slow 1 of group spare by 2.0 (spare-1)",
                        "kill spare-1 (spare-1)");
        assertThat(outcome.measurements().steps()).hasSize(8);
    }

    @Test
    void what_befell_nobody_or_never_happened_is_told_and_is_no_fault() throws IOException {
        Outcome outcome = run("""
                { step = 1, do = kill, target = joiner },
                { at = 5m, do = kill, target = eu-1 },
                { when = "term == 99", do = kill, target = eu-2 }
                """);
        assertThat(faults(outcome)).isEmpty();
        assertThat(outcome.notes())
                .anySatisfy(note -> assertThat(note).contains("nemesis.conf", "befell nobody", "joiner"))
                .anySatisfy(note -> assertThat(note).contains("never happened", "5m", "kill eu-1"))
                .anySatisfy(note -> assertThat(note).contains("never happened", "term == 99"));
    }

    @Test
    void a_second_change_of_a_link_leaves_what_the_first_one_changed() throws IOException {
        Outcome slow = run("{ step = 1, do = link, default = { latency = 2s }, for = 1h }");
        Outcome both = run("""
                { step = 1, do = link, default = { latency = 2s }, for = 1h },
                { step = 1, do = link, default = { duplicate = 0.0 }, for = 1h }
                """);
        assertThat(both.measurements().steps().getLast().time())
                .isEqualTo(slow.measurements().steps().getLast().time());
    }

    @Test
    void healing_waits_for_the_last_event_that_has_a_time() throws IOException {
        Outcome outcome =
                run("{ at = 20s, do = kill, target = eu-1 }, { step = 1, do = slow, target = all, factor = 100 }");
        assertThat(faults(outcome)).anySatisfy(fault -> assertThat(fault).contains("kill eu-1"));
    }

    @Test
    void a_trace_may_bring_nodes_that_were_not_there_from_the_start() throws IOException {
        Files.writeString(folder.resolve("trace.csv"), "2.5s,spare-2,up\n2.6s,spare-2,down\n");
        Outcome outcome = run("{ do = churn, trace = \"trace.csv\" }");
        assertThat(faults(outcome)).containsExactly("churn: down spare-2");
        assertThat(outcome.checks())
                .allSatisfy(check -> assertThat(check.violations()).isEmpty());
    }
}
