package io.murmuration.cluster.node;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.Member;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A device that takes a while for each pass of a microbatch: nodes that share this machine wait for it instead of for each
 * other, so that those that start, and everything that is timed, find the cores free.
 */
public final class SlowDevice implements NodeWatch {

    /** Longer than what a pass of nano computes, and short enough that a step takes less than a second. */
    private static final long PASS = Duration.ofMillis(20).toNanos();

    /** Named in {@code META-INF/services} of the tests; the file of {@link NodeWatch#PROPERTY} is not written. */
    public static final class OfTests implements Provider {
        @Override
        public NodeWatch watch(Path file) {
            return new SlowDevice();
        }
    }

    @Override
    public Ports ports(Ports ports) {
        return new Ports(
                new Slow(ports.compute()),
                ports.data(),
                ports.control(),
                ports.membership(),
                ports.ticker(),
                ports.seed(),
                ports.telemetry());
    }

    /** Keeps the thread of the pool, as a computation would. */
    private record Slow(Compute compute) implements Compute {
        @Override
        public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
            boolean pass = task instanceof Forward || task instanceof Loss || task instanceof Backward;
            compute.submit(owner, task, outcome -> {
                long until = System.nanoTime() + PASS;
                while (pass && until - System.nanoTime() > 0) {
                    LockSupport.parkNanos(until - System.nanoTime());
                }
                done.accept(outcome);
            });
        }

        @Override
        public void release(Member owner) {
            compute.release(owner);
        }
    }
}
