package io.murmuration.cluster.node;

import io.murmuration.actors.run.RunEvent;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What waits for the thread that lives a life, in the order in which it happened, and bounded: while that thread stands still,
 * because the terminal it shows the run on does, only what decides about the life still gets a place. What gets none is lost,
 * counted, and said once. Thread-safe; telling never waits.
 */
final class LifeInbox {

    private static final Logger LOG = LoggerFactory.getLogger(LifeInbox.class);

    /** A step makes a handful of events: those of some thousand steps. */
    static final int MOST_WAITING = 8192;

    /** Further places for what decides; of such there is a handful in a life, and people's orders. */
    static final int RESERVE = 256;

    private final int most;
    private final BlockingQueue<NodeEvent> waiting = new LinkedBlockingQueue<>();
    private final AtomicLong lost = new AtomicLong();

    LifeInbox() {
        this(MOST_WAITING);
    }

    /** @param most events that wait before only what decides is taken */
    LifeInbox(int most) {
        this.most = most;
    }

    void tell(NodeEvent event) {
        boolean first;
        synchronized (this) {
            if (waiting.size() < most + (decides(event) ? RESERVE : 0)) {
                waiting.add(event);
                return;
            }
            first = lost.incrementAndGet() == 1;
        }
        if (first) {
            LOG.warn("{} events wait for this node's main thread, which stands still; further ones are lost", most);
        }
    }

    /** Without it the life would not end, or not go on, as it should. */
    private static boolean decides(NodeEvent event) {
        return switch (event) {
            case NodeEvent.Seen seen -> false;
            case NodeEvent.Diagnosed diagnosed -> false;
            case NodeEvent.OfRun(RunEvent ofRun) ->
                ofRun instanceof RunEvent.Finished
                        || ofRun instanceof RunEvent.Failed
                        || ofRun instanceof RunEvent.GivenUp;
            case NodeEvent.Joined joined -> true;
            case NodeEvent.Over over -> true;
            case NodeEvent.EverybodyKnows everybody -> true;
            case NodeEvent.CheckpointWanted wanted -> true;
            case NodeEvent.LeaveWanted wanted -> true;
            case NodeEvent.HandedOver handedOver -> true;
            case NodeEvent.Namesake namesake -> true;
            case NodeEvent.Broken broken -> true;
        };
    }

    /** The oldest, waited for so long. */
    Optional<NodeEvent> next(long millis) throws InterruptedException {
        return Optional.ofNullable(waiting.poll(millis, TimeUnit.MILLISECONDS));
    }

    /** Those that wait now. */
    List<NodeEvent> left() {
        return List.copyOf(waiting);
    }

    /** Events that found no place. */
    long lost() {
        return lost.get();
    }
}
