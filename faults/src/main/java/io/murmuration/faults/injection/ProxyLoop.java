package io.murmuration.faults.injection;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One thread that serves any number of sockets and timers. What it runs is over soon and touches no other thread's state. */
final class ProxyLoop implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ProxyLoop.class);

    /** The selector waits in milliseconds; what is due sooner is waited for in naps of at most this, sockets in between. */
    private static final long NAP = TimeUnit.MICROSECONDS.toNanos(100);

    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LONGEST_WAIT_MILLIS = 1000;

    /** Called when the channel it was registered with can do something. */
    @FunctionalInterface
    interface Ready {
        void ready(SelectionKey key);
    }

    private record Due(long time, long number, Runnable action) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int times = Long.compare(time, other.time);
            return times != 0 ? times : Long.compare(number, other.number);
        }
    }

    private final Selector selector;
    private final Thread thread;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Due> dues = new PriorityQueue<>();
    private long numbers;
    private volatile boolean closed;

    ProxyLoop() {
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new UncheckedIOException("no selector for proxies", e);
        }
        thread = Thread.ofPlatform().daemon().name("murmuration-proxies").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    long now() {
        return System.nanoTime();
    }

    /** On the loop's thread: {@code action} at {@code time}, and after all that was asked for an earlier time or before. */
    void at(long time, Runnable action) {
        dues.add(new Due(time, numbers++, action));
    }

    SelectionKey register(SelectableChannel channel, int operations, Ready ready) throws IOException {
        channel.configureBlocking(false);
        return channel.register(selector, operations, ready);
    }

    /** What was closed is gone from the kernel only after the selector has looked once more. */
    void flush() throws IOException {
        selector.selectNow(this::serve);
    }

    /** From any other thread: runs on the loop's and waits for what comes of it. */
    <T> T call(Supplier<T> task) {
        CompletableFuture<T> done = new CompletableFuture<>();
        tasks.add(() -> {
            try {
                done.complete(task.get());
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        selector.wakeup();
        return done.join();
    }

    private void run() {
        try {
            while (!closed) {
                await();
                Runnable task = tasks.poll();
                while (task != null) {
                    task.run();
                    task = tasks.poll();
                }
                long now = now();
                while (!dues.isEmpty() && dues.peek().time() <= now) {
                    dues.remove().action().run();
                }
            }
        } catch (IOException | RuntimeException e) {
            LOG.error("the proxies have ended", e);
        } finally {
            closeAll();
        }
    }

    private void await() throws IOException {
        long wait = dues.isEmpty() ? LONGEST_WAIT_MILLIS * MILLI : dues.peek().time() - now();
        if (wait >= 2 * MILLI) {
            selector.select(this::serve, Math.min(LONGEST_WAIT_MILLIS, wait / MILLI - 1));
        } else if (selector.selectNow(this::serve) == 0 && wait > 0 && tasks.isEmpty()) {
            LockSupport.parkNanos(Math.min(NAP, wait));
        }
    }

    private void serve(SelectionKey key) {
        if (key.isValid()) {
            ((Ready) key.attachment()).ready(key);
        }
    }

    private void closeAll() {
        for (SelectionKey key : selector.keys()) {
            try {
                key.channel().close();
            } catch (IOException e) {
                LOG.warn("a socket of a proxy could not be closed: {}", e.toString());
            }
        }
        try {
            selector.close();
        } catch (IOException e) {
            LOG.warn("the selector of the proxies could not be closed: {}", e.toString());
        }
    }

    /** Closes every socket that is registered. */
    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
