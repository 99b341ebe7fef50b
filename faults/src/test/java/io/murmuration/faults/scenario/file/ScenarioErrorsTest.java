package io.murmuration.faults.scenario.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.Scenario;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every error is one line with the file, the line and what was expected. The wrong line ends with a mark. */
class ScenarioErrorsTest {

    private static final String MARK = "#!";

    private static final String HEAD = "scenario {\n  name = test\n";
    private static final String LENGTH = "  steps = 20, duration = 5m\n";
    private static final String RUN = "  run { model = nano, stages = 2 }\n";
    private static final String NODES = """
              nodes = [
                { name = eu, count = 4, roles = [shard] }
                { name = us, count = 2, roles = [shard] }
                { name = hub, count = 3, region = eu, roles = [coordinator, trainer] }
              ]
            """;

    @TempDir
    private Path folder;

    private static Arguments sections(String what, String text, String... says) {
        return Arguments.of(what, HEAD + text + "}\n", List.of(says));
    }

    private static Arguments top(String what, String text, String... says) {
        return sections(what, LENGTH + RUN + NODES + text + "\n", says);
    }

    private static Arguments event(String what, String text, String... says) {
        return top(what, "  events = [\n    { at = 1s, do = heal }\n    " + text + MARK + "\n  ]", says);
    }

    private static Arguments links(String what, String text, String... says) {
        return top(what, "  links {\n    default { latency = 1ms }\n    " + text + MARK + "\n  }", says);
    }

    private static Arguments expect(String what, String text, String... says) {
        return top(what, "  expect {\n    lost-steps = 0\n    " + text + MARK + "\n  }", says);
    }

    static Stream<Arguments> mistakes() {
        List<Arguments> all = new ArrayList<>();
        all.add(top("unknown key", "  nods = 3 #!", "unknown key nods", "nearest known key is nodes"));
        all.add(sections("nothing says how long", RUN + NODES, "duration", "steps = 200"));
        all.add(top("name of another type", "  name = [1] #!", "expected text"));
        all.add(top("seed not whole", "  seed = 2.5 #!", "expected a whole number"));
        all.add(top("compute unknown", "  compute = fake #!", "expected one of real, cost"));
        all.add(top("heal unknown", "  heal = befor-end #!", "nearest word is before-end"));
        all.add(top("heal too late", "  heal = 6m #!", "the run ends after 5m"));
        all.add(sections("steps not positive", "  steps = 0 #!\n" + RUN + NODES, "from 1 to"));
        all.add(sections(
                "duration without a unit of time",
                "  duration = 5 bananas #!\n" + RUN + NODES,
                "a time of more than 0"));

        all.add(sections(
                "a section of run given as a value too",
                LENGTH + "  run { #!\n   batch = 16\n   batch.microbatch = 2\n }\n" + NODES,
                "batch.sequences = 16"));
        all.add(sections(
                "run's key unknown",
                LENGTH + "  run {\n   batch.sequencs = 3 #!\n }\n" + NODES,
                "run.batch.sequences"));
        all.add(sections(
                "run's value wrong",
                LENGTH + "  run {\n   batch = 0 #!\n }\n" + NODES,
                "batch.sequences",
                "whole number"));
        all.add(sections(
                "run's values do not go together", LENGTH + "  run { batch = 3 } #!\n" + NODES, "does not divide"));
        all.add(sections(
                "too few microbatches",
                LENGTH + "  run { batch = 4, stages = 2 } #!\n" + NODES,
                "each trainer needs one"));
        all.add(sections("run is no section", LENGTH + "  run = nano #!\n" + NODES, "run { ... }"));
        all.add(sections(
                "run says what nodes say",
                LENGTH + "  run {\n swarm.trainers = 3 #!\n }\n" + NODES,
                "follows from the nodes"));
        all.add(sections(
                "run has a seed of its own", LENGTH + "  run {\n seed = 3 #!\n }\n" + NODES, "the scenario's seed"));
        all.add(sections(
                "real with a large model",
                LENGTH + "  run {\n   model = tiny #!\n }\n" + NODES,
                "expected nano",
                "compute = cost takes any"));
        all.add(sections(
                "real with native numbers",
                LENGTH + "  run {\n   compute.backend = nd4j #!\n }\n" + NODES,
                "expected java",
                "pure-Java"));
        all.add(sections(
                "include that is not there",
                LENGTH + "  run {\n include \"recipes/swarn\" #!\n }\n" + NODES,
                "recipes/swarn",
                "expected a file beside"));

        all.add(sections("no nodes", LENGTH + RUN, "nodes", "name = eu"));
        all.add(sections(
                "group without a count",
                LENGTH + RUN + "nodes = [\n { name = eu, roles = [shard] } #!\n]\n",
                "nodes[0]",
                "count"));
        all.add(sections("group is no section", LENGTH + RUN + "nodes = [\n 3 #!\n]\n", "nodes[0] = 3", "a section"));
        all.add(sections(
                "group with an unknown key",
                LENGTH + RUN + "nodes = [\n { name = eu, count = 3, roles = [shard],\n sped = 3 #!\n }\n]\n",
                "unknown key nodes[0].sped",
                "nearest known key is speed"));
        all.add(sections(
                "unknown role",
                LENGTH + RUN + "nodes = [\n { name = eu, count = 3, roles = [shrad] } #!\n]\n",
                "no role shrad",
                "nearest is shard"));
        all.add(sections(
                "role twice",
                LENGTH + RUN + "nodes = [\n { name = eu, count = 3, roles = [shard, shard] } #!\n]\n",
                "twice"));
        all.add(sections(
                "group named like a node",
                LENGTH + RUN + "nodes = [\n { name = eu-1, count = 3, roles = [shard] } #!\n]\n",
                "not ending in"));
        all.add(sections(
                "two groups of one name",
                LENGTH + RUN
                        + "nodes = [\n { name = eu, count = 3, roles = [shard] }\n { name = eu, count = 3, roles = [shard] } #!\n]\n",
                "another group"));
        all.add(sections(
                "too many nodes",
                LENGTH + RUN + "nodes = [\n { name = eu, count = 10001, roles = [shard] } #!\n]\n",
                "10000"));
        all.add(sections(
                "speed of nothing",
                LENGTH + RUN + "nodes = [\n { name = eu, count = 1, roles = [shard], speed = 0 } #!\n]\n",
                "speed"));
        all.add(sections(
                "rate in bytes",
                LENGTH + RUN + "nodes = [\n { name = eu, count = 1, roles = [shard], uplink = 20MBps } #!\n]\n",
                "a rate such as 200Mbps"));
        all.add(sections(
                "fewer shards than stages",
                LENGTH + "  run { stages = 7 }\n" + NODES.replace("nodes = [", "nodes = [ #!"),
                "only 6",
                "7 stages"));
        all.add(sections(
                "no coordinator",
                LENGTH + RUN + NODES.replace("coordinator, ", "").replace("nodes = [", "nodes = [ #!"),
                "coordinator"));
        all.add(sections(
                "no trainer",
                LENGTH + RUN + NODES.replace(", trainer", "").replace("nodes = [", "nodes = [ #!"),
                "trainer"));

        all.add(links("unknown region", "\"eu->ua\" { latency = 1ms }", "no region ua", "eu, us"));
        all.add(links("link without a direction", "\"eu us\" { latency = 1ms }", "one way"));
        all.add(links("link twice", "\"eu--us\" { latency = 1ms }, \"us--eu\" { latency = 2ms }", "twice"));
        all.add(links("loss above one", "\"eu->us\" { loss = 1.5 }", "a probability"));
        all.add(links("unknown property", "\"eu->us\" { latncy = 1ms }", "nearest known key is latency"));
        all.add(links("unknown loss model", "\"eu->us\" { loss { model = gilbert } }", "gilbert-elliott"));
        all.add(links("half a loss model", "\"eu->us\" { loss { model = gilbert-elliott, p = 0.1 } }", "expected r"));
        all.add(links(
                "jitter's size under another name",
                "\"eu->us\" { jitter { distribution = normal, mean = 1ms } }",
                "expected sd"));
        all.add(links("negative latency", "\"eu->us\" { latency = -1ms }", "expected a time"));

        all.add(event("no do", "{ at = 1s }", "events[1]", "expected do"));
        all.add(event("unknown do", "{ at = 1s, do = kil }", "nearest is kill"));
        all.add(event("two triggers", "{ at = 1s, step = 3, do = heal }", "found at and step"));
        all.add(event("no trigger", "{ do = heal }", "found none"));
        all.add(event(
                "a key of another event",
                "{ at = 1s, do = pause, target = eu-1, factor = 3 }",
                "unknown key events[1].factor with do = pause"));
        all.add(event(
                "for with what does not last",
                "{ at = 1s, do = leave, target = eu-1, for = 3s }",
                "unknown key events[1].for"));
        all.add(event("after the end", "{ at = 5m, do = heal }", "the run ends after 5m"));
        all.add(event("step after the end", "{ step = 20, do = heal }", "the last is 19"));
        all.add(event("until before from", "{ every = 1s, from = 9s, until = 8s, do = heal }", "after from"));
        all.add(event("too often", "{ every = 1us, do = heal }", "at least 1ms"));
        all.add(event("condition with a sign missing", "{ when = \"step 3\", do = heal }", "column 6", "=="));
        all.add(event("no target", "{ at = 1s, do = kill }", "expected target"));
        all.add(event(
                "unknown node",
                "{ at = 1s, do = kill, target = { node = \"eu-0\" } }",
                "no node eu-0",
                "nearest is eu-1"));
        all.add(event("unknown group", "{ at = 1s, do = kill, target = { group = ue } }", "nearest is"));
        all.add(event("unknown word", "{ at = 1s, do = kill, target = coordinator-leder }", "coordinator-leader"));
        all.add(event("unknown stage", "{ at = 1s, do = kill, target = { stage = 2 } }", "from 0 to 1"));
        all.add(event(
                "nobody", "{ at = 1s, do = kill, target = { group = us, role = trainer } }", "no node can ever be"));
        all.add(event(
                "more than there are",
                "{ at = 1s, do = kill, target = { group = us, random = 3 } }",
                "at most random = 2"));
        all.add(event("empty target", "{ at = 1s, do = kill, target = {} }", "expected node, group"));
        all.add(event("join of nobody", "{ at = 1s, do = join, group = asia }", "expected one of eu, us, hub"));
        all.add(event("slower by less", "{ at = 1s, do = slow, target = eu-1, factor = 0.5 }", "from 1.0"));
        all.add(event(
                "a node that nothing brings", "{ at = 1s, do = kill, target = eu-9 }", "no node eu-9", "4 nodes"));
        all.add(event(
                "a side that nothing brings", "{ at = 1s, do = partition, between = [eu-9, us] }", "no node eu-9"));
        all.add(event("a time without a unit", "{ at = 5, do = heal }", "a time such as 30s"));
        all.add(links("latency without a unit", "\"eu->us\" { latency = 5 }", "a time such as 30s"));
        all.add(top(
                "after everything is healed",
                "  heal = 10s\n  events = [\n    { at = 5s, do = kill, target = eu-1 }\n    { at = 10s, do = kill, target = eu-1 } #!\n  ]",
                "not before heal = 10s"));
        all.add(sections(
                "no stages",
                LENGTH + "  run { model = nano\n    stages = 0 #!\n  }\n" + NODES,
                "expected a whole number of at least 1"));
        all.add(event("disk fault unknown", "{ at = 1s, do = disk, target = hub, fault = ful }", "nearest is full"));
        all.add(event("clock without skew", "{ at = 1s, do = clock, target = hub }", "expected skew"));
        all.add(event("partition of one", "{ at = 1s, do = partition, between = [eu] }", "two sides"));
        all.add(event(
                "partition with overlap",
                "{ at = 1s, do = partition, between = [eu, hub-1] }",
                "hub-1 would be on both sides"));
        all.add(event(
                "partition with a stranger",
                "{ at = 1s, do = partition, between = [eu, asia] }",
                "no region, group or node asia"));
        all.add(event(
                "one-way without an end", "{ at = 1s, do = partition, mode = one-way, from = eu }", "expected to"));
        all.add(event(
                "unknown mode", "{ at = 1s, do = partition, between = [eu, us], mode = dropp }", "nearest is drop"));
        all.add(event("link event without a link", "{ at = 1s, do = link, for = 3s }", "a->b"));
        all.add(event(
                "link event with an unknown region",
                "{ at = 1s, do = link, \"eu->u\" = { loss = 1 } }",
                "no region u"));
        all.add(event("trace that is not there", "{ trace = \"no.csv\", do = churn }", "no.csv", "cannot read"));
        all.add(event("trace with a trigger", "{ at = 1s, trace = \"no.csv\", do = churn }", "own times"));

        all.add(expect("unknown measure", "recovry = \"< 3s\"", "nearest known key is recovery"));
        all.add(expect("bound without a comparison", "recovery = 30s", "a comparison with a time"));
        all.add(expect("time without a unit", "recovery = \"< 30\"", "a comparison with a time"));
        all.add(expect("bound of nothing", "wasted-work = \"<\"", "a comparison such as"));
        all.add(expect("flag that is none", "replicas-agree = perhaps", "true or false"));
        all.add(top(
                "loss of a cost model",
                "  compute = cost\n  expect {\n  final-loss = \"< 2\" #!\n  }",
                "compute = real"));

        all.add(top(
                "adversaries",
                "  adversaries = [\n    { target = { group = us, random = 1 }, attack = sign-flip, from = { step = 2 }, scale = 3 } #!\n  ]",
                "not yet: adversaries come with the verification work"));
        all.add(top(
                "adversary with an unknown attack",
                "  adversaries = [\n    { target = eu-1, attack = sign-flop } #!\n  ]",
                "nearest is sign-flip"));
        all.add(Arguments.of(
                "two roots", "scenario { name = a }\nother = 3 #!\n", List.of("unknown key other", "under scenario")));
        all.add(Arguments.of("reference to nothing", "scenario {\n name = ${no.such} #!\n}\n", List.of("no.such")));
        return all.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void is_refused_with_file_and_line(String what, String text, List<String> says) throws IOException {
        Path file = write(text);
        long line = 1 + text.lines().takeWhile(each -> !each.contains(MARK)).count();
        // What is missing is missed in the section.
        String place = text.contains(MARK) ? file + ":" + line : file + ":1";
        assertThatThrownBy(() -> read(file)).isInstanceOf(UserError.class).satisfies(error -> assertThat(
                        error.getMessage())
                .doesNotContain("\n")
                .contains(place + (error.getMessage().contains(place + ")") ? ")" : ":"))
                .contains(says));
    }

    @Test
    void what_is_no_hocon_is_refused_with_file_and_line() throws IOException {
        Path file = write("scenario {\n  name = a\n  steps = = 3\n}\n");
        assertThatThrownBy(() -> read(file)).isInstanceOf(UserError.class).hasMessageStartingWith(file + ":3: ");
    }

    @Test
    void a_trace_is_refused_with_its_own_line() throws IOException {
        String scenario = HEAD + LENGTH + RUN + NODES + " events = [ { trace = \"t.csv\", do = churn } ]\n}\n";
        record Case(String line, String says) {}
        for (Case each : List.of(
                new Case("3,eu-9x,up", "no node eu-9x; the nearest is eu-"),
                new Case("soon,eu-1,up", "expected a time"),
                new Case("1,eu-1,over", "expected up or down"),
                new Case("1,eu-1", "expected time,node,up"),
                new Case("301,eu-1,up", "the run ends after 5m"))) {
            Path file = write(scenario);
            Path trace = Files.writeString(folder.resolve("t.csv"), "1,eu-1,down\n\n" + each.line + "\n");
            assertThatThrownBy(() -> read(file))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining(trace + ":3: ")
                    .hasMessageContaining(each.says);
        }
    }

    @Test
    void a_wrong_include_is_refused_where_it_is_wrong() throws IOException {
        Path included = Files.writeString(folder.resolve("mine.conf"), "murmuration {\n  batch.sequencs = 4\n}\n");
        Path file = write(HEAD + LENGTH + "  run { include \"mine\" }\n" + NODES + "}\n");
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(included + ":2")
                .hasMessageContaining("batch.sequences");
        Files.writeString(included, "include \"mine\"\n");
        assertThatThrownBy(() -> read(file)).isInstanceOf(UserError.class).hasMessageContaining("16 includes");
    }

    @Test
    void a_file_that_is_not_there_is_named() {
        assertThatThrownBy(() -> read(folder.resolve("none.conf")))
                .isInstanceOf(UserError.class)
                .hasMessage("cannot read the scenario file " + folder.resolve("none.conf"));
    }

    @Test
    void without_a_mistake_nothing_is_refused() throws IOException {
        assertThat(read(write(HEAD + LENGTH + RUN + NODES + "}\n")).name()).isEqualTo("test");
    }

    private Scenario read(Path file) {
        return new ScenarioReader(Optional.of(Path.of("../config"))).read(file);
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("scenario.conf"), text);
    }
}
