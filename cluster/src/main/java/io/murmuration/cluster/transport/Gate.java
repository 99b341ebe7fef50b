package io.murmuration.cluster.transport;

import io.murmuration.cluster.config.NodeName;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Decides who may connect. It remembers the latest life of a bounded number of nodes. Thread-safe. */
final class Gate {

    private final NodeIdentity self;
    private final Marks marks;
    private final int remembered;
    private final Map<String, Long> lives = new LinkedHashMap<>();

    /** @param remembered nodes; the life of who has not come for longest is forgotten first */
    Gate(NodeIdentity self, Marks marks, int remembered) {
        this.self = self;
        this.marks = marks;
        this.remembered = remembered;
    }

    /**
     * Why not; empty: welcome.
     *
     * @param nonce what this node has greeted with
     * @param names in the certificate; empty without TLS
     */
    Optional<Rejection> reject(Handshake.Hello hello, byte[] nonce, Optional<Set<String>> names, long now) {
        NodeIdentity other = hello.identity();
        if (other.protocol() != self.protocol()) {
            return because(
                    Rejection.Reason.PROTOCOL,
                    "node " + self.node() + " speaks protocol " + self.protocol() + ", got " + other.protocol());
        }
        if (!hello.repeats(nonce)) {
            return because(Rejection.Reason.REPLAY, "the answer to another greeting");
        }
        if (!NodeName.isOne(other.node())) {
            return because(Rejection.Reason.NODE, "expected the name of a node, got '" + printable(other.node()) + "'");
        }
        if (names.isPresent() && !names.get().contains(folded(other.node()))) {
            return because(
                    Rejection.Reason.CERTIFICATE, "a certificate of " + names.get() + " says it is " + other.node());
        }
        if (!hello.to().equals(self.node())) {
            return because(Rejection.Reason.NODE, "this is " + self.node() + ", not '" + printable(hello.to()) + "'");
        }
        if (!other.run().equals(self.run())) {
            return because(
                    Rejection.Reason.RUN,
                    "node " + self.node() + " takes part in run " + self.run() + ", got '" + printable(other.run())
                            + "'");
        }
        long out = marks.left(other.node(), now);
        if (out > 0) {
            return because(
                    Rejection.Reason.MARKED,
                    "node " + other.node() + " has sent nonsense and is kept out for another " + out / 1_000_000
                            + " ms");
        }
        return known(other);
    }

    private synchronized Optional<Rejection> known(NodeIdentity other) {
        Long life = lives.remove(other.node());
        long latest = life == null ? other.life() : Math.max(life, other.life());
        lives.put(other.node(), latest);
        if (lives.size() > remembered) {
            lives.remove(lives.keySet().iterator().next());
        }
        return latest == other.life()
                ? Optional.empty()
                : because(
                        Rejection.Reason.LIFE,
                        "node " + other.node() + " has begun life " + latest + ", got life " + other.life());
    }

    /** Names of hosts are compared without regard to case. */
    static String folded(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private static Optional<Rejection> because(Rejection.Reason reason, String detail) {
        return Optional.of(Rejection.of(reason, detail));
    }

    private static String printable(String text) {
        return Fields.shortened(text.replaceAll("[^\\x20-\\x7e]", "?"), 64);
    }
}
