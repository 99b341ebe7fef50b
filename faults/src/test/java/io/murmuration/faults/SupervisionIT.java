package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.TestSwarm.Result;
import io.murmuration.faults.TestSwarm.Spec;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A shard that throws comes back and is refilled; one that keeps failing is given up and the others do its work. */
final class SupervisionIT {

    private static final Optional<TamperedCompute.Tampering> BROKEN =
            Optional.of(new TamperedCompute.Fail(new IllegalStateException("planted fault")));

    @Test
    void a_shard_that_throws_once_is_refilled_from_its_peer(@TempDir Path folder) throws Exception {
        AtomicBoolean thrown = new AtomicBoolean();
        CompletableFuture<RunEvent> back = new CompletableFuture<>();
        Result undisturbed = TestSwarm.run(Spec.nano(3, 2, 5), folder.resolve("undisturbed"));
        Result result = TestSwarm.run(
                Spec.nano(3, 2, 5),
                folder.resolve("disturbed"),
                ports -> TamperedCompute.tampered(
                        TamperedCompute.unhurried(ports, 2, back),
                        (owner, task) -> isOf(owner, "shard-1")
                                        && task instanceof Compute.Backward backward
                                        && backward.id().step() >= 1
                                        && thrown.compareAndSet(false, true)
                                ? BROKEN
                                : Optional.empty()),
                (swarm, event) -> {
                    if (event instanceof RunEvent.Joined) {
                        back.complete(event);
                    }
                });

        assertThat(result.events())
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(RunEvent.Lost.class, lost -> assertThat(lost.reason())
                                .contains("planted fault")))
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(RunEvent.Joined.class, joined -> assertThat(joined.member())
                                .isEqualTo(Member.of("shard-1", 2))));
        assertThat(TestSwarm.distance(result.parameters(), undisturbed.parameters()))
                .isLessThan(1e-6);
    }

    @Test
    void a_shard_that_keeps_failing_is_given_up_and_its_work_is_done_elsewhere(@TempDir Path folder) throws Exception {
        CompletableFuture<RunEvent> givenUp = new CompletableFuture<>();
        Result undisturbed = TestSwarm.run(Spec.nano(3, 2, 8), folder.resolve("undisturbed"));
        Result result = TestSwarm.run(
                Spec.nano(3, 2, 8).restarts(2),
                folder.resolve("disturbed"),
                ports -> TamperedCompute.tampered(
                        TamperedCompute.unhurried(ports, 1, givenUp),
                        (owner, task) -> isOf(owner, "shard-1")
                                        && (task instanceof Compute.Backward || task instanceof Compute.Seal)
                                ? BROKEN
                                : Optional.empty()),
                (swarm, event) -> {
                    if (event instanceof RunEvent.GivenUp) {
                        givenUp.complete(event);
                    }
                });

        assertThat(result.events()).anySatisfy(event -> assertThat(event)
                .isInstanceOfSatisfying(RunEvent.GivenUp.class, given -> assertThat(given.member())
                        .isEqualTo(Member.of("shard-1", 3))));
        assertThat(result.losses()).hasSize(8);
        assertThat(TestSwarm.distance(result.parameters(), undisturbed.parameters()))
                .isLessThan(1e-6);
    }

    private static boolean isOf(Member owner, String peer) {
        return owner.peer().name().equals(peer);
    }
}
