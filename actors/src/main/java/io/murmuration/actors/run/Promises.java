package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Standing;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Who is present, and what those hold who have promised to obey this term. Pure and single-threaded. */
final class Promises {

    private final Map<Member, Role> present = new TreeMap<>();
    private final Set<Member> unreachable = new TreeSet<>();
    private final Map<Member, Standing> promised = new TreeMap<>();
    /** What was promised before may describe a future that was given up. */
    private Epoch since = Epoch.NONE;

    /** False if {@code member} is known, or is a coordinator, who promises nothing. */
    boolean joined(Member member, Role role) {
        return role != Role.COORDINATOR && present.put(member, role) == null;
    }

    void removed(Member member) {
        present.remove(member);
        unreachable.remove(member);
        promised.remove(member);
    }

    void unreachable(Member member) {
        unreachable.add(member);
    }

    void reachable(Member member) {
        unreachable.remove(member);
    }

    boolean isReachable(Member member) {
        return present.containsKey(member) && !unreachable.contains(member);
    }

    /** False if {@code member} is not present (any more), has promised this term before, or before it was asked last. */
    boolean promised(Member member, Epoch epoch, Standing standing) {
        if (epoch.compareTo(since) < 0) {
            return false;
        }
        Role role = present.get(member);
        boolean fits =
                switch (standing) {
                    case Standing.OfShard shard -> role == Role.SHARD;
                    case Standing.OfTrainer trainer -> role == Role.TRAINER;
                    case Standing.OfKeeper keeper -> role == Role.KEEPER;
                };
        return fits && promised.putIfAbsent(member, standing) == null;
    }

    /** The term is higher now: everybody is to promise anew. */
    void forget() {
        promised.clear();
    }

    /** Keepers are to promise anew, under this epoch or a higher one. */
    void forgetKeepers(Epoch epoch) {
        since = epoch;
        promised.values().removeIf(Standing.OfKeeper.class::isInstance);
    }

    /** Present, and has not promised. */
    List<Member> missing() {
        return present.keySet().stream()
                .filter(member -> !promised.containsKey(member))
                .toList();
    }

    /** Whether somebody who can be reached has not promised. */
    boolean incomplete() {
        return missing().stream().anyMatch(this::isReachable);
    }

    /** The shards that have promised, but not {@code those}. */
    Map<Member, Standing.OfShard> shardsBut(Set<Member> those) {
        return of(Standing.OfShard.class, those);
    }

    /** The trainers that have promised, but not {@code those}. */
    Map<Member, Standing.OfTrainer> trainersBut(Set<Member> those) {
        return of(Standing.OfTrainer.class, those);
    }

    private <S extends Standing> Map<Member, S> of(Class<S> kind, Set<Member> but) {
        Map<Member, S> chosen = new TreeMap<>();
        promised.forEach((member, standing) -> {
            if (kind.isInstance(standing) && !but.contains(member)) {
                chosen.put(member, kind.cast(standing));
            }
        });
        return chosen;
    }

    int present(Role role) {
        return (int) present.values().stream().filter(role::equals).count();
    }
}
