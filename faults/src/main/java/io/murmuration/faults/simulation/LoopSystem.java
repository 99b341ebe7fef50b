package io.murmuration.faults.simulation;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.pekko.actor.BootstrapSetup;
import org.apache.pekko.actor.setup.ActorSystemSetup;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;

/**
 * An actor system in virtual time: every dispatcher there is and the scheduler are the event loop. It has no thread of its
 * own, and several may follow each other in one process.
 */
final class LoopSystem {

    /**
     * Messages an actor takes in one event. A run of the mailbox takes no virtual time, so fairness is no concern; bounded,
     * so that an actor that tells itself something without end does not stop the world unseen.
     */
    private static final int MESSAGES_PER_EVENT = 64;

    /** Virtual time in which the actors of a system end, which need no more than a few timers of Pekko's own. */
    private static final Duration END_LIMIT = Duration.ofMinutes(1);

    private LoopSystem() {}

    /** Starts a system; when this returns everything of Pekko's own is up and the world begins. */
    static <T> ActorSystem<T> start(EventLoop loop, String name, Behavior<T> guardian) {
        ActorSystemSetup setup = ActorSystemSetup.create(BootstrapSetup.create(config()), new LoopSetup(loop));
        return loop.boot("start of " + name, () -> ActorSystem.create(guardian, name, setup));
    }

    /** Ends a system with all its actors; nothing of that is part of the history. */
    static void end(EventLoop loop, ActorSystem<?> system) {
        loop.stopRecording();
        system.terminate();
        var terminated = system.getWhenTerminated().toCompletableFuture();
        loop.run(loop.now() + END_LIMIT.toNanos(), terminated::isDone);
        if (!terminated.isDone()) {
            throw new SimulationException("the actors of " + system.name() + " did not end");
        }
    }

    private static Config config() {
        Config config = ConfigFactory.parseResources("murmuration-pekko.conf")
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
        List<String> dispatchers = new ArrayList<>();
        dispatchers("", config.root(), dispatchers);
        for (String dispatcher : dispatchers) {
            config = config.withValue(dispatcher + ".type", value("Dispatcher"))
                    .withValue(dispatcher + ".executor", value(LoopExecutors.class.getName()))
                    .withValue(dispatcher + ".throughput", value(MESSAGES_PER_EVENT))
                    .withValue(dispatcher + ".throughput-deadline-time", value("0ms"));
        }
        return config.withValue("pekko.scheduler.implementation", value(LoopScheduler.class.getName()))
                .withValue("pekko.actor.default-mailbox.mailbox-type", value(LoopMailbox.class.getName()))
                .withValue("pekko.actor.typed.default-mailbox.mailbox-type", value(LoopMailbox.class.getName()))
                // Both would bring in the wall clock or another thread.
                .withValue("pekko.coordinated-shutdown.run-by-actor-system-terminate", value("off"))
                .withValue("pekko.jvm-exit-on-fatal-error", value("off"));
    }

    private static ConfigValue value(Object value) {
        return ConfigValueFactory.fromAnyRef(value);
    }

    /** A dispatcher is what says how it executes. */
    private static void dispatchers(String at, ConfigObject object, List<String> found) {
        for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
            if (entry.getValue() instanceof ConfigObject inner) {
                String path = (at.isEmpty() ? "" : at + ".") + ConfigUtil.quoteString(entry.getKey());
                if (inner.containsKey("executor")) {
                    found.add(path);
                }
                dispatchers(path, inner, found);
            }
        }
    }
}
