package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.cluster.node.ProcessSwarm.Told;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Five node processes on loopback that train together, and what befalls them, one after the other; before each test all five
 * take part. Nodes 1 to 3 may lead and also compute, 4 and 5 only compute.
 */
@Tag("cluster")
@Timeout(200)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class NodesUnderFire {

    private static final String[] ALL = {"n1", "n2", "n3", "n4", "n5"};

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration START = Duration.ofSeconds(120);

    /** How long that run may take; a busy machine compares fewer. */
    private static final Duration ALONE = Duration.ofSeconds(60);

    /** Less than the silence that is still accepted: until then a frozen node may go on as if nothing had been. */
    private static final Duration ROUTED = Duration.ofMillis(3500);

    private static final List<String> COORDINATORS = List.of("n1", "n2", "n3");

    /** Steps that are compared with a run that nothing befell. */
    private static final int COMPARED = 100;

    /** Settings of the run, HOCON, beside those of {@link ProcessSwarm}. */
    private final String settings;

    private ProcessSwarm swarm;
    private long began;

    NodesUnderFire(String settings) {
        this.settings = settings;
    }

    /** A step of this run beside the same step of a run that nothing befell. */
    abstract void compare(JsonNode step, JsonNode alone);

    /** Before the nodes are started. */
    void prepare(ProcessSwarm nodes) {}

    /** What else holds of this run, while all its nodes are there. */
    void watch() throws InterruptedException {}

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        swarm = new ProcessSwarm(folder, "swarm { stages = 2, replicas = 2, trainers = 2 }\n" + settings);
        prepare(swarm);
    }

    @AfterAll
    void end() {
        swarm.close();
    }

    @BeforeEach
    void all_take_part() throws Exception {
        long now = now();
        swarm.start(ALL);
        // A test that failed may have left somebody frozen.
        swarm.signal("CONT", ALL);
        swarm.awaitShards(now, ALL.length, START);
        began = now();
        steps(began, 3);
    }

    @AfterEach
    void nothing_was_lost_and_loss_falls() {
        SwarmChecks.learns(SwarmChecks.sound(swarm.told()));
    }

    private static long now() {
        return System.currentTimeMillis();
    }

    private static Predicate<Told> is(String event) {
        return line -> line.is(event);
    }

    /** Waits for so many steps after a time. */
    private Told steps(long since, int count) throws InterruptedException {
        return swarm.awaitCount("step", since, count, SOON, is("stepCommitted"));
    }

    private static void print(String what, Object... values) {
        System.out.printf("[process test] " + what + "%n", values);
    }

    /** A node that cannot lead, at a moment when a step has just begun. */
    private String worker() throws InterruptedException {
        steps(now(), 1);
        return "n4";
    }

    @Test
    @Order(1)
    void a_shard_killed_mid_step_costs_no_step_and_comes_back() throws Exception {
        String victim = worker();
        long killed = now();
        swarm.kill(victim);
        Told again =
                swarm.await("microbatch sent again", killed, SOON, line -> line.is("sentAgain") && line.of(victim));
        Told roster = swarm.await("roster without it", killed, SOON, line -> line.is("lost") && line.ofShard(victim));
        print(
                "SIGKILL of a shard: lost microbatch sent again after %d ms, new roster after %d ms",
                again.time() - killed, roster.time() - killed);
        steps(roster.time(), 3);
        swarm.start(victim);
        swarm.await("return", killed, START, line -> line.is("joined") && line.ofShard(victim));
        assertThat(swarm.since(began, is("rolledBack"))).isEmpty();
        assertThat(roster.time() - killed).as("new roster, ms").isLessThan(10_000);
    }

    @Test
    @Order(2)
    void a_shard_frozen_for_20_s_is_routed_around_and_comes_back_as_a_new_life() throws Exception {
        String victim = worker();
        long frozen = now();
        swarm.signal("STOP", victim);
        // The shorter a step, the likelier it stands still in an average or between two steps, with nothing to be sent
        // again.
        while (!swarm.within(ROUTED, frozen, line -> line.is("sentAgain") && line.of(victim))) {
            swarm.signal("CONT", victim);
            worker();
            frozen = now();
            swarm.signal("STOP", victim);
        }
        Told again = swarm.since(frozen, line -> line.is("sentAgain") && line.of(victim))
                .getFirst();
        Told roster = swarm.await("roster without it", frozen, SOON, line -> line.is("lost") && line.ofShard(victim));
        swarm.await("20 s of steps", frozen + 20_000, SOON, is("stepCommitted"));
        long thawed = now();
        swarm.signal("CONT", victim);
        Told joined = swarm.await("return", thawed, START, line -> line.is("joined") && line.ofShard(victim));
        print(
                "SIGSTOP of a shard: routed around after %d ms, removed after %d ms; back %d ms after SIGCONT",
                again.time() - frozen, roster.time() - frozen, joined.time() - thawed);
        assertThat(again.time() - frozen).as("routed around, ms").isLessThan(ROUTED.toMillis());
        assertThat(swarm.since(thawed, line -> line.node().equals(victim) && line.is("lifeEnded")))
                .hasSize(1)
                .allMatch(line -> line.text("end").equals("removed"));
        assertThat(swarm.since(began, is("rolledBack"))).isEmpty();
    }

    @Test
    @Order(3)
    void when_the_node_that_leads_is_killed_another_takes_over_and_no_step_is_done_again() throws Exception {
        steps(now(), 1);
        String leader = swarm.leader();
        long killed = now();
        swarm.kill(leader);
        Told over = swarm.await("takeover", killed, SOON, is("tookOver"));
        Told step = swarm.await("step", over.time(), SOON, is("stepCommitted"));
        Duration most = ProcessSwarm.REMOVAL.plusSeconds(5);
        print(
                "SIGKILL of the leading node %s: %s took over after %d ms, first step after %d ms; detection + stable-after +"
                        + " removal margin + 5 s = %d ms",
                leader, over.node(), over.time() - killed, step.time() - killed, most.toMillis());
        assertThat(over.node()).isNotEqualTo(leader);
        assertThat(swarm.since(began, is("rolledBack"))).isEmpty();
        assertThat(over.time() - killed).as("takeover, ms").isLessThan(most.toMillis());
    }

    @Test
    @Order(4)
    void a_node_that_is_terminated_hands_over_and_ends_with_0() throws Exception {
        long asked = now();
        swarm.signal("TERM", "n5");
        assertThat(swarm.process("n5").exit()).as(swarm.process("n5").all()).isZero();
        Told left = swarm.await("leave", asked, SOON, line -> line.is("left") && line.ofShard("n5"));
        print("SIGTERM: discharged after %d ms", left.time() - asked);
        assertThat(swarm.since(began, line -> line.is("lost") || line.is("rolledBack")))
                .isEmpty();
        for (String name : ALL) {
            // It closes its port before it is gone, which is no crash.
            assertThat(swarm.log(name)).doesNotContain("node n5 refuses connections");
        }
        assertThat(swarm.process("n5").lastLine()).isEqualTo("node n5 has left");
        steps(left.time(), 3);
    }

    @Test
    @Order(5)
    void three_nodes_that_come_within_a_second_are_all_let_in() throws Exception {
        long asked = now();
        swarm.start("n6", "n7", "n8");
        List<Long> times = new ArrayList<>();
        for (String name : List.of("n6", "n7", "n8")) {
            times.add(swarm.await(name, asked, START, line -> line.is("joined") && line.ofShard(name))
                            .time()
                    - asked);
        }
        print("three joiners in one second: counted %s ms after their start", times);
        Told eight = swarm.awaitShards(asked, 8, SOON);
        steps(eight.time(), 3);
        swarm.signal("TERM", "n6", "n7", "n8");
        for (String name : List.of("n6", "n7", "n8")) {
            assertThat(swarm.process(name).exit()).as(swarm.process(name).all()).isZero();
        }
        assertThat(swarm.since(began, line -> line.is("lost") || line.is("rolledBack")))
                .isEmpty();
        swarm.awaitShards(now(), ALL.length, SOON);
    }

    @Test
    @Order(6)
    void a_stage_that_loses_all_its_replicas_comes_back_from_the_newest_checkpoint() throws Exception {
        swarm.await("checkpoint", began, SOON, is("kept"));
        // Those of one stage, which must leave a quorum of coordinators, and should leave the one that leads.
        Told roster = swarm.since(0, is("roster")).getLast();
        String leader = swarm.leader();
        List<String> victims = Stream.of(0, 1)
                .map(stage -> nodes(roster, stage))
                .filter(nodes -> nodes.stream().filter(COORDINATORS::contains).count() <= 1)
                .min(Comparator.comparing(nodes -> nodes.contains(leader)))
                .orElseThrow();
        long killed = now();
        swarm.kill(victims.toArray(String[]::new));
        swarm.start(victims.toArray(String[]::new));
        Told back = swarm.await("way back", killed, START, is("rolledBack"));
        Told step = swarm.await("step", back.time(), START, is("stepCommitted"));
        print(
                "all replicas of a stage (%s): back from %d to %d after %d ms, next step after %d ms",
                victims, back.number("from"), back.number("to"), back.time() - killed, step.time() - killed);
        assertThat(back.number("from") - back.number("to")).isBetween(0L, 20L);
        assertThat(back.number("to")).isPositive();
    }

    private static List<String> nodes(Told roster, int stage) {
        List<String> nodes = new ArrayList<>();
        roster.line()
                .path("stages")
                .path(stage)
                .forEach(member -> nodes.add(member.asText().split(":")[0]));
        return nodes;
    }

    @Test
    @Order(7)
    void a_cluster_that_is_killed_altogether_goes_on_from_its_disks() throws Exception {
        Told kept = swarm.await("checkpoint", began, SOON, is("kept"));
        long killed = now();
        swarm.kill(ALL);
        for (String name : ALL) {
            swarm.process(name).process().waitFor();
        }
        long before = swarm.since(0, is("stepCommitted")).getLast().number("step");
        swarm.start(ALL);
        Told started = swarm.await("start", killed, START, is("started"));
        Told step = swarm.await("step", started.time(), START, is("stepCommitted"));
        print(
                "cold start: version %d of %d after %d ms, next step after %d ms",
                started.number("version"), before + 1, started.time() - killed, step.time() - killed);
        assertThat(started.number("version")).isBetween(kept.number("version"), before + 1);
        swarm.awaitShards(killed, ALL.length, START);
    }

    @Test
    @Order(8)
    void its_steps_are_those_of_a_run_that_nothing_befell() throws Exception {
        watch();
        Map<Long, Told> steps = SwarmChecks.sound(swarm.told());
        List<JsonNode> undisturbed = swarm.alone(Math.min(steps.size(), COMPARED), ALONE);
        assertThat(undisturbed).as("steps within %s", ALONE).hasSizeGreaterThan(10);
        for (JsonNode alone : undisturbed) {
            compare(steps.get(alone.path("step").asLong() - 1).line(), alone);
        }
    }
}
