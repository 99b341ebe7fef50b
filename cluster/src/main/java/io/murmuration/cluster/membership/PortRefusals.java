package io.murmuration.cluster.membership;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * When a node is taken for dead because nobody listens at its data port. A refused connection is no silence: the machine is
 * there and the process is not. Two different witnesses within a window are worth a look of one's own ({@link PortProbe}); one
 * may have a broken table of names or a firewall of its own.
 *
 * <p>Not thread-safe.
 */
final class PortRefusals {

    /** One life of a node. */
    private record Suspect(String node, long life) {}

    private record Report(String witness, long nanos) {}

    /** Lives that are remembered; the oldest report makes room. A cluster does not lose more within a window. */
    static final int MOST_SUSPECTS = 1024;

    private final long window;
    private final Map<Suspect, Report> reports = new LinkedHashMap<>();

    /** @param window how far apart two reports may lie */
    PortRefusals(Duration window) {
        this.window = window.toNanos();
    }

    /**
     * @param witness the node that was refused
     * @param now monotonic time
     * @return whether two have now seen it
     */
    boolean reported(String witness, String node, long life, long now) {
        reports.values().removeIf(report -> now - report.nanos() > window);
        Suspect suspect = new Suspect(node, life);
        Report before = reports.get(suspect);
        if (before != null && !before.witness().equals(witness)) {
            reports.remove(suspect);
            return true;
        }
        reports.remove(suspect);
        if (reports.size() == MOST_SUSPECTS) {
            Iterator<Suspect> oldest = reports.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
        reports.put(suspect, new Report(witness, now));
        return false;
    }
}
