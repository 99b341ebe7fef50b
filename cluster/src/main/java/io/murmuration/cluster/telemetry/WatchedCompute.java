package io.murmuration.cluster.telemetry;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.telemetry.Telemetry.Counter;
import io.murmuration.actors.telemetry.Telemetry.Gauge;
import io.murmuration.actors.telemetry.Telemetry.Label;
import io.murmuration.actors.telemetry.Telemetry.Timer;
import io.murmuration.cluster.config.RunSettings;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** A compute port, and how many tasks of which kind go through it, how long they take and how many wait. Thread-safe. */
final class WatchedCompute implements Compute {

    private record Kind(Timer time, Counter failed) {}

    private final Compute compute;
    private final KamonTelemetry telemetry;
    private final Map<Class<?>, Kind> kinds = new ConcurrentHashMap<>();
    /** Tasks that are not done, by who waits for them. */
    private final Map<Member, AtomicLong> waiting = new ConcurrentHashMap<>();

    private final Gauge queue;
    private final Counter tokens;
    private final long tokensPerMicrobatch;

    WatchedCompute(Compute compute, KamonTelemetry telemetry, RunSettings run) {
        this.compute = compute;
        this.telemetry = telemetry;
        this.queue = telemetry.gauge("compute.queue");
        this.tokens = telemetry.counter("compute.tokens");
        this.tokensPerMicrobatch = (long) run.batch().microbatch() * run.model().sequence();
        queue.set(0);
    }

    @Override
    public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
        Kind kind = kinds.computeIfAbsent(task.getClass(), this::kind);
        long begun = System.nanoTime();
        AtomicLong own = waiting.computeIfAbsent(owner, member -> new AtomicLong());
        own.incrementAndGet();
        tell();
        compute.submit(owner, task, outcome -> {
            own.decrementAndGet();
            tell();
            kind.time().record(System.nanoTime() - begun);
            switch (outcome) {
                case Completed<R> completed -> {
                    if (task instanceof Forward || task instanceof Loss) {
                        tokens.add(tokensPerMicrobatch);
                    }
                }
                case Failed<R> failed -> kind.failed().add(1);
            }
            done.accept(outcome);
        });
    }

    private Kind kind(Class<?> task) {
        Label label = new Label(
                "task",
                task.getSimpleName().replaceAll("([a-z])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT));
        return new Kind(telemetry.timer("compute.task", label), telemetry.counter("compute.failed", label));
    }

    private void tell() {
        queue.set(waiting.values().stream().mapToLong(AtomicLong::get).sum());
    }

    /** What waits for {@code owner} is dropped, and nobody is told that it is done. */
    @Override
    public void release(Member owner) {
        compute.release(owner);
        waiting.remove(owner);
        tell();
    }
}
