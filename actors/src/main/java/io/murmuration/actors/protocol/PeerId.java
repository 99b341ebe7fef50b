package io.murmuration.actors.protocol;

/** The name of an actor that takes part in a run; the same across its incarnations. */
public record PeerId(String name) implements Comparable<PeerId> {

    /** Longer names have no use and would be a way to bloat every message. */
    public static final int MAX_LENGTH = 128;

    /** Between a node and who lives there. */
    private static final char NODE = ':';

    public PeerId {
        if (name.isEmpty() || name.length() > MAX_LENGTH) {
            throw new ProtocolException("a peer's name has 1 to " + MAX_LENGTH + " characters, got " + name.length());
        }
    }

    /**
     * What it shares with the others on its node, which one death takes all: the name before the last colon, as in {@code
     * eu-3:shard-2}. Who is named without has a home of its own.
     */
    public String home() {
        int end = name.lastIndexOf(NODE);
        return end <= 0 ? name : name.substring(0, end);
    }

    /** How it is called on its home: {@code shard-2} of {@code eu-3:shard-2}. */
    public String local() {
        return name.substring(name.lastIndexOf(NODE) + 1);
    }

    @Override
    public int compareTo(PeerId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
