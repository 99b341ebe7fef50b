package io.murmuration.actors.protocol;

import java.util.Optional;

/**
 * A member's promise: whom it obeys, and up to which epoch. Whoever has obeyed an epoch refuses every lower one, and the
 * same term from anybody else, so that of two coordinators at most one can command a member, whatever they believe of
 * themselves. Not thread-safe.
 */
public final class Fence {

    private Epoch seen = Epoch.NONE;
    private Optional<Member> holder = Optional.empty();

    /** Obeys {@code epoch} of {@code from}, or says why not. */
    public Optional<CoordinatorMessage.Superseded> refuse(Member from, Epoch epoch) {
        Optional<Member> other =
                holder.filter(known -> !known.equals(from)).filter(known -> seen.term() == epoch.term());
        if (epoch.compareTo(seen) < 0 || other.isPresent()) {
            return Optional.of(new CoordinatorMessage.Superseded(seen, epoch, holder.orElse(from)));
        }
        seen = epoch;
        holder = Optional.of(from);
        return Optional.empty();
    }

    /** The highest epoch obeyed. */
    public Epoch seen() {
        return seen;
    }

    /** Whom this member obeys. */
    public Optional<Member> coordinator() {
        return holder;
    }
}
