package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.TestSwarm.Result;
import io.murmuration.faults.TestSwarm.Spec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A shard that comes back while its stage has other replicas holds nobody up: it takes its snapshot while steps go on,
 * applies the averages it has heard, and has then the same bits as its stage.
 */
final class JoiningIT {

    private static final Member BACK = Member.of("shard-1", 2);
    private static final int STEPS = 10;

    /** Shard 1 fails once, the first time that it is given work after step 0; one stage then has two replicas and a joiner, which has time to come back. */
    private static UnaryOperator<Ports> failingOnce(UnaryOperator<Ports> further, CompletableFuture<RunEvent> back) {
        AtomicBoolean thrown = new AtomicBoolean();
        return ports -> TamperedCompute.tampered(
                TamperedCompute.unhurried(further.apply(ports), 2, back),
                (owner, task) -> owner.equals(Member.of("shard-1", 1))
                                && task instanceof Compute.Backward backward
                                && backward.id().step() >= 1
                                && thrown.compareAndSet(false, true)
                        ? Optional.of(new TamperedCompute.Fail(new IllegalStateException("planted fault")))
                        : Optional.empty());
    }

    private static void noteJoined(RunEvent event, CompletableFuture<RunEvent> back) {
        if (event instanceof RunEvent.Joined) {
            back.complete(event);
        }
    }

    private static <E extends RunEvent> List<E> events(Result result, Class<E> kind) {
        return result.events().stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private static void assertJoined(Result result, Path folder) throws InterruptedException {
        assertThat(events(result, RunEvent.Joined.class))
                .as("events %s", result.events())
                .extracting(RunEvent.Joined::member)
                .containsExactly(BACK);
        Result undisturbed = TestSwarm.run(Spec.nano(3, 3, STEPS), folder.resolve("undisturbed"));
        assertThat(TestSwarm.distance(result.parameters(), undisturbed.parameters()))
                .isLessThan(1e-6);
    }

    @Test
    void a_joiner_catches_up_by_the_averages_it_hears(@TempDir Path folder) throws Exception {
        AtomicInteger applied = new AtomicInteger();
        CompletableFuture<RunEvent> back = new CompletableFuture<>();
        Result result = TestSwarm.run(
                Spec.nano(3, 3, STEPS),
                folder.resolve("disturbed"),
                failingOnce(
                        ports -> TamperedCompute.tampered(ports, (owner, task) -> {
                            if (owner.equals(BACK) && task instanceof Compute.Apply) {
                                applied.incrementAndGet();
                            }
                            return Optional.empty();
                        }),
                        back),
                (swarm, event) -> noteJoined(event, back));
        assertJoined(result, folder);
        RunEvent.Joining began = events(result, RunEvent.Joining.class).getFirst();
        RunEvent.Joined joined = events(result, RunEvent.Joined.class).getFirst();
        assertThat(joined.version())
                .as("the boundary at which it began was not held")
                .isGreaterThan(began.version());
        assertThat(applied).as("it applied every step since").hasValue((int) (STEPS - began.version()));
    }

    @Test
    void a_donor_that_serves_wrong_bytes_is_found_out_and_the_other_one_serves(@TempDir Path folder) throws Exception {
        AtomicBoolean flipped = new AtomicBoolean();
        CompletableFuture<RunEvent> back = new CompletableFuture<>();
        Result result = TestSwarm.run(
                Spec.nano(3, 3, STEPS),
                folder.resolve("disturbed"),
                failingOnce(
                        ports -> altered(ports, frame -> {
                            boolean first = frame instanceof DataFrame.StateChunk
                                    && frame.route().to().equals(BACK)
                                    && flipped.compareAndSet(false, true);
                            if (first) {
                                DataFrame.StateChunk chunk = (DataFrame.StateChunk) frame;
                                byte[] bytes = chunk.payload().bytes().clone();
                                bytes[bytes.length / 2] ^= 1;
                                return new DataFrame.StateChunk(
                                        chunk.route(),
                                        chunk.stage(),
                                        chunk.version(),
                                        chunk.index(),
                                        new Payload(bytes, bytes.length));
                            }
                            return frame;
                        }),
                        back),
                (swarm, event) -> noteJoined(event, back));
        assertThat(flipped).isTrue();
        assertThat(events(result, RunEvent.BadDonor.class)).hasSize(1);
        assertThat(events(result, RunEvent.JoinFailed.class)).isEmpty();
        assertJoined(result, folder);
    }

    private static Ports altered(Ports ports, UnaryOperator<DataFrame> change) {
        DataPlane plane = ports.data();
        DataPlane changed = new DataPlane() {
            @Override
            public void attach(Member self, Consumer<Delivery> inbox) {
                plane.attach(self, inbox);
            }

            @Override
            public void detach(Member self) {
                plane.detach(self);
            }

            @Override
            public void offer(DataFrame frame, Consumer<Outcome> done) {
                plane.offer(change.apply(frame), done);
            }
        };
        return new Ports(ports.compute(), changed, ports.control(), ports.membership(), ports.ticker(), ports.seed());
    }
}
