package io.murmuration.faults.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.run.SwarmLimits;
import io.murmuration.faults.simulation.compute.CountedSet;
import io.murmuration.faults.simulation.compute.Numbers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes with lives, on modelled numbers. */
final class SimulationTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private static final class Observed implements ComputeTap, ControlTap {
        private final List<Taps.Seen> events = new ArrayList<>();
        private final List<Long> tasksOfPaused = new ArrayList<>();
        private final List<Long> tasksOfKilled = new ArrayList<>();
        private final Set<SortedMap<MicrobatchId, Integer>> averaged = new LinkedHashSet<>();
        private long sent;
        private long received;

        @Override
        public void started(long time, Member owner, Compute.Task<?> task, long nanos) {
            switch (owner.peer().name()) {
                case "eu-1:shard" -> tasksOfPaused.add(time);
                case "eu-2:shard" -> tasksOfKilled.add(time);
                default -> {}
            }
        }

        @Override
        public void ended(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome) {
            if (task instanceof Compute.Reduce && outcome instanceof Compute.Completed<?>(Object average)) {
                averaged.add(CountedSet.decode(((Payload) average).bytes()).counts());
            }
        }

        @Override
        public void sent(long time, Envelope envelope) {
            sent++;
        }

        @Override
        public void received(long time, Envelope envelope) {
            received++;
        }

        private Optional<RunEvent.Finished> finished() {
            return events.stream()
                    .map(Taps.Seen::event)
                    .filter(RunEvent.Finished.class::isInstance)
                    .map(RunEvent.Finished.class::cast)
                    .findFirst();
        }

        private long steps() {
            return events.stream()
                    .filter(seen -> seen.event() instanceof RunEvent.StepCommitted)
                    .count();
        }
    }

    private final Observed observed = new Observed();
    private final EventLoop loop = new EventLoop();
    private final DirectWorld world = new DirectWorld(loop);

    private Simulation start(int stages, int replicas, int steps) {
        Simulation simulation = Simulation.start(
                loop,
                ModelledRuns.plan(stages, replicas, steps, 1),
                world,
                new Taps(observed.events::add, observed, observed));
        ModelledRuns.bootAll(simulation);
        return simulation;
    }

    private void runToTheEnd(Simulation simulation) {
        simulation.run(3600 * SECOND, () -> observed.finished().isPresent());
        assertThat(observed.finished()).as("%s", observed.events).isPresent();
    }

    @Test
    void dozensOfNodesTrainOnModelledNumbersAndCountEveryMicrobatchOnce() {
        try (Simulation simulation = start(6, 6, 4)) {
            runToTheEnd(simulation);
            assertThat(observed.averaged).isNotEmpty();
            observed.averaged.forEach(counts -> {
                assertThat(counts.keySet().stream().map(MicrobatchId::index))
                        .containsExactlyElementsOf(
                                IntStream.range(0, 48).boxed().toList());
                assertThat(counts.values()).containsOnly(1);
                assertThat(counts.keySet().stream().map(MicrobatchId::step).distinct())
                        .hasSize(1);
            });
            assertThat(observed.finished().orElseThrow().digests()).hasSize(6);
            assertThat(observed.steps()).isEqualTo(4);
            assertThat(observed.sent).isGreaterThan(1000);
            assertThat(observed.received).isPositive().isLessThanOrEqualTo(observed.sent);
        }
    }

    @Test
    void severalSimulationsInOneProcessAreEqualAndLeaveNoThread() {
        List<String> hashes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            hashes.add(ModelledRuns.historyHash(3, 2, 3, 1));
        }
        assertThat(hashes.stream().distinct()).hasSize(1);
        assertThat(ModelledRuns.historyHash(3, 2, 3, 2)).isNotEqualTo(hashes.getFirst());
        assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
                .noneMatch(name -> name.contains("pekko") || name.contains("simulat"));
    }

    @Test
    void aPausedNodeDoesNothingUntilItGoesOn() {
        try (Simulation simulation = start(2, 3, 40)) {
            simulation.run(3600 * SECOND, () -> observed.steps() == 3);
            long from = loop.now();
            simulation.pause("eu-1");
            long until = from + 20 * SECOND;
            simulation.run(until, () -> false);
            assertThat(observed.tasksOfPaused).isNotEmpty().allMatch(time -> time <= from);
            simulation.resume("eu-1");
            runToTheEnd(simulation);
            assertThat(observed.tasksOfPaused).anyMatch(time -> time >= until);
            assertThat(observed.steps()).isEqualTo(40);
        }
    }

    @Test
    void aKilledNodeIsSilentAtOnceAndItsNextLifeJoins() {
        try (Simulation simulation = start(2, 3, 12)) {
            simulation.run(3600 * SECOND, () -> observed.steps() == 3);
            long from = loop.now();
            simulation.kill("eu-2");
            simulation.run(3600 * SECOND, () -> observed.steps() == 6);
            assertThat(observed.tasksOfKilled).isNotEmpty().allMatch(time -> time <= from);
            assertThat(simulation.isUp("eu-2")).isFalse();
            assertThat(simulation.boot("eu-2")).isEqualTo(2);
            runToTheEnd(simulation);
            Member second = new Member(NodePath.peer("eu-2", Role.SHARD), NodePath.incarnation(2));
            assertThat(observed.events).anySatisfy(seen -> assertThat(seen.event())
                    .isInstanceOfSatisfying(RunEvent.Joined.class, joined -> assertThat(joined.member())
                            .isEqualTo(second)));
        }
    }

    @Test
    void aNodeKilledWhilePausedEndsToo() {
        try (Simulation simulation = start(2, 3, 6)) {
            simulation.run(3600 * SECOND, () -> observed.steps() == 2);
            simulation.pause("eu-2");
            simulation.run(loop.now() + SECOND, () -> false);
            simulation.kill("eu-2");
            runToTheEnd(simulation);
        }
    }

    @Test
    void aSlowNodeTakesLonger() {
        try (Simulation simulation = start(2, 2, 3)) {
            runToTheEnd(simulation);
        }
        long usual = observed.finished().isPresent() ? loop.now() : 0;
        EventLoop again = new EventLoop();
        DirectWorld slow = new DirectWorld(again);
        List<Taps.Seen> events = new ArrayList<>();
        try (Simulation simulation =
                Simulation.start(again, ModelledRuns.plan(2, 2, 3, 1), slow, Taps.of(events::add))) {
            simulation.plan().nodes().forEach(node -> slow.slow(node.name(), 3));
            ModelledRuns.bootAll(simulation);
            simulation.run(
                    3600 * SECOND, () -> events.stream().anyMatch(seen -> seen.event() instanceof RunEvent.Finished));
            assertThat(simulation.loop().now()).isGreaterThan(2 * usual);
        }
    }

    @Test
    void aFullDiskCostsTheCheckpointAndNotTheRun() {
        world.full("hub-1");
        try (Simulation simulation = start(2, 2, 3)) {
            runToTheEnd(simulation);
            assertThat(observed.events).anySatisfy(seen -> assertThat(seen.event())
                    .isInstanceOfSatisfying(RunEvent.NotKept.class, not -> assertThat(not.reason())
                            .contains("no space left on the disk of hub-1")));
            assertThat(simulation.storage("hub-1").versions()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 77, 123_456_789})
    void aBitFlippedInAStoredCheckpointIsDetected(long chance) {
        try (Simulation simulation = start(2, 2, 3)) {
            runToTheEnd(simulation);
            var storage = simulation.storage("hub-1");
            assertThat(storage.intact()).containsExactly(3L);
            assertThat(storage.flipBit(chance)).isTrue();
            assertThat(storage.intact()).isEmpty();
            assertThat(storage.versions()).containsExactly(3L);
            assertThat(storage.flipBit(chance)).isTrue();
            assertThat(storage.intact()).containsExactly(3L);
            assertThat(storage.truncate()).isTrue();
            assertThat(storage.intact()).isEmpty();
        }
    }

    @Test
    void anotherThreadThatTellsAnActorSomethingEndsTheRun() throws InterruptedException {
        try (Simulation simulation = start(2, 2, 3)) {
            Thread intruder = Thread.ofPlatform().name("intruder").start(() -> {
                try {
                    simulation.stopRun();
                } catch (ForeignThreadException expected) {
                    // What matters is that the run knows, even if its thread swallows this.
                }
            });
            intruder.join();
            assertThatThrownBy(() -> runToTheEnd(simulation))
                    .isInstanceOf(ForeignThreadException.class)
                    .hasMessageContaining("intruder");
        }
    }

    /** A coordinator that fails is supervised like everybody: it comes back, takes over, and in the end is given up. */
    @Test
    void aCoordinatorThatKeepsFailingIsGivenUp() {
        SwarmLimits limits = ModelledRuns.limits();
        Numbers numbers = ModelledRuns.numbers(2, 1);
        List<RunEvent.GivenUp> givenUp = new ArrayList<>();
        Taps taps = Taps.of(seen -> {
            switch (seen.event()) {
                case RunEvent.StepCommitted committed -> throw new IllegalStateException("planted");
                case RunEvent.GivenUp gone -> givenUp.add(gone);
                default -> {}
            }
        });
        var plan = new SimulationPlan("test", 1, ModelledRuns.nodes(4), ModelledRuns.runPlan(2, 2, 3), limits, numbers);
        try (Simulation simulation = Simulation.start(loop, plan, world, taps)) {
            ModelledRuns.bootAll(simulation);
            simulation.run(3600 * SECOND, () -> !givenUp.isEmpty());
            assertThat(givenUp.getFirst().member().peer()).isEqualTo(NodePath.peer("hub-1", Role.COORDINATOR));
            assertThat(givenUp.getFirst().member().incarnation())
                    .isEqualTo(NodePath.incarnation(1) + limits.restarts());
        }
    }
}
