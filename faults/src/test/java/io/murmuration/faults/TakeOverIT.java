package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.TestSwarm.Result;
import io.murmuration.faults.TestSwarm.Spec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The coordinator is lost, a stage is lost, an update comes out wrong: what the run does then, with real numbers. */
final class TakeOverIT {

    private static final int STEPS = 5;
    private static final PeerId COORDINATOR = new PeerId("coordinator");

    private static Result undisturbed;

    @BeforeAll
    static void runUndisturbed(@TempDir Path folder) throws Exception {
        undisturbed = TestSwarm.run(Spec.nano(3, 2, STEPS), folder);
    }

    private static List<Long> committed(Result result) {
        return result.events().stream()
                .filter(RunEvent.StepCommitted.class::isInstance)
                .map(event -> ((RunEvent.StepCommitted) event).step())
                .distinct()
                .toList();
    }

    @Test
    void coordinators_killed_in_the_middle_of_every_step_cost_nothing(@TempDir Path folder) throws Exception {
        AtomicReference<Optional<io.murmuration.cluster.run.LocalSwarm>> running =
                new AtomicReference<>(Optional.empty());
        List<Class<? extends Compute.Task<?>>> moments =
                List.of(Compute.Backward.class, Compute.Contribution.class, Compute.Seal.class, Compute.Apply.class);
        AtomicReference<Integer> next = new AtomicReference<>(0);
        Result result = TestSwarm.run(
                Spec.nano(3, 2, STEPS),
                folder,
                ports -> TamperedCompute.tampered(ports, (owner, task) -> {
                    synchronized (moments) {
                        int moment = next.get();
                        if (moment < moments.size() && moments.get(moment).isInstance(task)) {
                            running.get().ifPresent(swarm -> {
                                running.set(Optional.empty());
                                next.set(moment + 1);
                                swarm.kill(COORDINATOR);
                            });
                        }
                    }
                    return Optional.empty();
                }),
                (swarm, event) -> {
                    if (event instanceof RunEvent.StepCommitted || event instanceof RunEvent.Started) {
                        running.set(Optional.of(swarm));
                    }
                });

        assertThat(next.get()).as("each moment came").isEqualTo(moments.size());
        assertThat(result.events())
                .filteredOn(RunEvent.TookOver.class::isInstance)
                .hasSize(moments.size());
        assertThat(result.events()).noneMatch(RunEvent.RolledBack.class::isInstance);
        assertThat(result.events()).noneMatch(RunEvent.Lost.class::isInstance);
        assertThat(committed(result)).containsExactly(0L, 1L, 2L, 3L, 4L);
        assertThat(TestSwarm.distance(result.parameters(), undisturbed.parameters()))
                .isLessThan(1e-6);
    }

    @Test
    void without_a_checkpoint_a_run_that_loses_a_stage_begins_again_and_says_so(@TempDir Path folder) throws Exception {
        AtomicBoolean struck = new AtomicBoolean();
        Result result = TestSwarm.run(Spec.nano(3, 2, STEPS), folder, ports -> ports, (swarm, event) -> {
            if (event instanceof RunEvent.StepCommitted step && step.step() == 2 && struck.compareAndSet(false, true)) {
                step.roster().stage(1).forEach(shard -> swarm.kill(shard.peer()));
            }
        });

        assertThat(result.events())
                .filteredOn(RunEvent.RolledBack.class::isInstance)
                .singleElement()
                .satisfies(
                        event -> assertThat(((RunEvent.RolledBack) event).to()).isZero());
        assertThat(result.events())
                .filteredOn(RunEvent.Started.class::isInstance)
                .hasSize(2);
        assertThat(TestSwarm.distance(result.parameters(), undisturbed.parameters()))
                .as("the same run once more")
                .isLessThan(1e-6);
    }

    @Test
    void an_update_that_comes_out_wrong_is_done_again_and_its_shard_is_replaced(@TempDir Path folder) throws Exception {
        AtomicBoolean struck = new AtomicBoolean();
        AtomicReference<Member> wrong = new AtomicReference<>();
        Result result = TestSwarm.run(
                Spec.nano(3, 2, STEPS),
                folder,
                ports -> TamperedCompute.tampered(ports, (owner, task) -> {
                    if (task instanceof Compute.Apply(long step, double norm)
                            && step == 1
                            && struck.compareAndSet(false, true)) {
                        wrong.set(owner);
                        return Optional.of(new TamperedCompute.Instead(new Compute.Apply(step, norm * 1000)));
                    }
                    return Optional.empty();
                }),
                (swarm, event) -> {});

        assertThat(result.events())
                .filteredOn(RunEvent.Lost.class::isInstance)
                .isNotEmpty()
                .allSatisfy(
                        event -> assertThat(((RunEvent.Lost) event).member()).isEqualTo(wrong.get()));
        assertThat(result.events()).noneMatch(RunEvent.RolledBack.class::isInstance);
        assertThat(TestSwarm.distance(result.parameters(), undisturbed.parameters()))
                .isLessThan(1e-6);
    }
}
