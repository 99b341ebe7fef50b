package io.murmuration.faults.simulation;

import com.typesafe.config.Config;
import io.murmuration.faults.simulation.EventLoop.Source;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ActorCell;
import org.apache.pekko.dispatch.DispatcherPrerequisites;
import org.apache.pekko.dispatch.ExecutorServiceConfigurator;
import org.apache.pekko.dispatch.ExecutorServiceFactory;
import org.apache.pekko.dispatch.Mailbox;

/**
 * Where all dispatchers of a simulated actor system run: on its event loop. An actor that works off its mailbox is an event
 * of its node, under its path, and takes no virtual time. Made by Pekko, once per dispatcher.
 */
public final class LoopExecutors extends ExecutorServiceConfigurator {

    private final EventLoop loop;

    public LoopExecutors(Config config, DispatcherPrerequisites prerequisites) {
        super(config, prerequisites);
        loop = LoopSetup.loop(prerequisites.settings());
        if (!(prerequisites.scheduler() instanceof LoopScheduler scheduler)) {
            throw new IllegalStateException("expected the loop's scheduler, got "
                    + prerequisites.scheduler().getClass());
        }
        scheduler.bind(loop);
    }

    @Override
    public ExecutorServiceFactory createExecutorServiceFactory(String id, ThreadFactory threads) {
        return () -> new OnLoop(loop);
    }

    private static final class OnLoop extends AbstractExecutorService {

        /** Some task of Pekko itself, such as a future's continuation. */
        private static final Source TASK = Source.world("task");

        private final EventLoop loop;
        /** Weak, because actors end; only looked up, never walked through. */
        private final Map<ActorCell, Source> sources = new WeakHashMap<>();

        private volatile boolean shutdown;

        private OnLoop(EventLoop loop) {
            this.loop = loop;
        }

        @Override
        public void execute(Runnable task) {
            loop.schedule(0, task instanceof Mailbox mailbox ? source(mailbox.actor()) : TASK, task);
        }

        private Source source(ActorCell actor) {
            // Another thread may get here while the system starts.
            synchronized (sources) {
                return sources.computeIfAbsent(
                        actor, cell -> NodePath.source(cell.self().path()));
            }
        }

        /** Called by Pekko when a dispatcher has no actors; what is still submitted happens all the same. */
        @Override
        public void shutdown() {
            shutdown = true;
        }

        @Override
        public List<Runnable> shutdownNow() {
            shutdown = true;
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return shutdown;
        }

        @Override
        public boolean isTerminated() {
            return shutdown;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return shutdown;
        }
    }
}
