package io.murmuration.cluster.membership;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * To whom a greeting is answered. Who greets is not in the cluster yet and may be anywhere, and an answer makes this node connect
 * to where it goes: so it goes to the actor that greeted and to nobody else, only if that is one that joins, and, as long as the
 * cluster does not have that address, to a bounded number of addresses a minute. Artery believes the other process where it is;
 * who has a certificate and lies about that can have this many connections made, and no message but these answers. Not
 * thread-safe.
 */
final class GreetingAnswers {

    /** Addresses that are not in the cluster and are answered within {@link #MEMORY}; who is let in is one no longer. */
    static final int MOST_STRANGERS = 256;

    static final Duration MEMORY = Duration.ofMinutes(1);

    private static final Pattern JOINS =
            Pattern.compile("(pekko://[A-Za-z0-9_-]+@[^/]+:\\d+)/user/" + ClusterGateway.JOINING + "#-?\\d+");

    /** When each was answered last, the longest ago first. */
    private final Map<String, Long> strangers = new LinkedHashMap<>();

    /**
     * Why nothing is answered; empty if it is.
     *
     * @param answerTo path, as the greeting says
     * @param sender path from which it came, as Artery says
     * @param inCluster whether the cluster has that address
     */
    Optional<String> silence(String answerTo, String sender, boolean inCluster, long nowNanos) {
        if (!answerTo.equals(sender)) {
            return Optional.of("its answer is to go elsewhere than where it came from");
        }
        if (!JOINS.matcher(answerTo).matches()) {
            return Optional.of("who joins does not listen there");
        }
        strangers.values().removeIf(at -> nowNanos - at >= MEMORY.toNanos());
        if (inCluster) {
            return Optional.empty();
        }
        String address = answerTo.substring(0, answerTo.indexOf("/user/"));
        if (!strangers.containsKey(address) && strangers.size() == MOST_STRANGERS) {
            return Optional.of("there were greetings from " + MOST_STRANGERS + " other places within "
                    + MEMORY.toSeconds() + " s, which is no way to join");
        }
        strangers.remove(address);
        strangers.put(address, nowNanos);
        return Optional.empty();
    }
}
