package io.murmuration.faults;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.Member;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** A compute port on which a test may put tasks in front of others or let them fail. */
public final class TamperedCompute implements Compute {

    /** What happens to a task. */
    public sealed interface Tampering {}

    /** Another task runs before it. */
    public record Before(Task<?> task) implements Tampering {}

    /** Another task of the same kind runs in its place. */
    public record Instead(Task<?> task) implements Tampering {}

    public record Fail(RuntimeException cause) implements Tampering {}

    /** It waits for something, but not for ever: what it waits for may need what comes after it. */
    public record Hold(CompletableFuture<?> until, Duration atMost) implements Tampering {}

    private final Compute compute;
    private final BiFunction<Member, Task<?>, Optional<Tampering>> tamper;

    private TamperedCompute(Compute compute, BiFunction<Member, Task<?>, Optional<Tampering>> tamper) {
        this.compute = compute;
        this.tamper = tamper;
    }

    public static Ports tampered(Ports ports, BiFunction<Member, Task<?>, Optional<Tampering>> tamper) {
        return new Ports(
                new TamperedCompute(ports.compute(), tamper),
                ports.data(),
                ports.control(),
                ports.membership(),
                ports.ticker(),
                ports.seed());
    }

    /**
     * Draws out the steps from {@code step} on until something has been seen: a run over before what a test asks about
     * could happen tells nothing. Each step waits two seconds at most.
     */
    static Ports unhurried(Ports ports, long step, CompletableFuture<?> until) {
        Optional<Tampering> hold = Optional.of(new Hold(until, Duration.ofSeconds(2)));
        return tampered(
                ports,
                (owner, task) -> task instanceof Draw draw
                                && draw.id().step() >= step
                                && draw.id().index() == 0
                        ? hold
                        : Optional.empty());
    }

    @Override
    public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
        Optional<Tampering> tampering = tamper.apply(owner, task);
        if (tampering.orElse(null) instanceof Fail(RuntimeException cause)) {
            done.accept(new Failed<>(cause));
            return;
        }
        if (tampering.orElse(null) instanceof Hold(CompletableFuture<?> until, Duration atMost)) {
            until.thenRun(() -> {})
                    .completeOnTimeout(null, atMost.toMillis(), TimeUnit.MILLISECONDS)
                    .thenRun(() -> compute.submit(owner, task, done));
            return;
        }
        if (tampering.orElse(null) instanceof Before(Task<?> before)) {
            compute.submit(owner, before, ignored -> {});
        }
        compute.submit(
                owner, tampering.orElse(null) instanceof Instead(Task<?> other) ? same(task, other) : task, done);
    }

    /** The cast is safe: a task of the same class has the same result. */
    @SuppressWarnings("unchecked")
    private static <R> Task<R> same(Task<R> task, Task<?> other) {
        if (!task.getClass().equals(other.getClass())) {
            throw new IllegalArgumentException("expected another " + task + ", got " + other);
        }
        return (Task<R>) other;
    }

    @Override
    public void release(Member owner) {
        compute.release(owner);
    }
}
