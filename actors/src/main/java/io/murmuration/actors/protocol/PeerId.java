package io.murmuration.actors.protocol;

/** The name of an actor that takes part in a run; the same across its incarnations. */
public record PeerId(String name) implements Comparable<PeerId> {

    /** Longer names have no use and would be a way to bloat every message. */
    public static final int MAX_LENGTH = 128;

    public PeerId {
        if (name.isEmpty() || name.length() > MAX_LENGTH) {
            throw new ProtocolException("a peer's name has 1 to " + MAX_LENGTH + " characters, got " + name.length());
        }
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
