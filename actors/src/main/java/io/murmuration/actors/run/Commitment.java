package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A step that is being committed: who has applied it, what came of it, and who is right where the replicas of a stage
 * disagree. Pure and single-threaded.
 *
 * <p>A strict majority is right. Without one, always so with two, nobody's word is taken against another's: all do the
 * update again, from the version before and the same average, and whoever contradicts its own first result is wrong. If
 * all stand by theirs, nobody can say who is right.
 */
final class Commitment {

    private final long step;
    private final double gradientNorm;
    private final int replayed;
    private final Map<Member, Long> rounds;
    private final Map<Member, String> applied;
    private final Map<Member, String> redone = new TreeMap<>();
    /** Stages that do the update again. */
    private final Set<Integer> redoing = new TreeSet<>();

    /**
     * @param rounds which average each shard is to apply
     * @param applied digests of those who have applied it already
     */
    Commitment(long step, double gradientNorm, int replayed, Map<Member, Long> rounds, Map<Member, String> applied) {
        this.step = step;
        this.gradientNorm = gradientNorm;
        this.replayed = replayed;
        this.rounds = new TreeMap<>(rounds);
        this.applied = new TreeMap<>(applied);
    }

    long step() {
        return step;
    }

    double gradientNorm() {
        return gradientNorm;
    }

    int replayed() {
        return replayed;
    }

    void applied(Member member, String digest) {
        applied.putIfAbsent(member, digest);
    }

    void redone(Member member, String digest) {
        redone.putIfAbsent(member, digest);
    }

    /** Who has not applied yet, and the round it is to apply. */
    Map<Member, Long> missing(Roster roster) {
        Map<Member, Long> missing = new LinkedHashMap<>();
        roster.stages()
                .forEach(shards -> shards.forEach(member -> {
                    if (!applied.containsKey(member)) {
                        missing.put(member, rounds.get(member));
                    }
                }));
        return missing;
    }

    /** Who is to do the update again and has not yet. */
    List<Member> redoing(Roster roster) {
        List<Member> asked = new ArrayList<>();
        for (int stage : redoing) {
            roster.stage(stage).stream()
                    .filter(member -> !redone.containsKey(member))
                    .forEach(asked::add);
        }
        return asked;
    }

    /** Lets the stages without a majority do the update again; false if every stage has one. */
    boolean beginRedo(Roster roster) {
        for (int stage = 0; stage < roster.stages().size(); stage++) {
            // One that nobody has any more has nothing to disagree on.
            if (!roster.stage(stage).isEmpty() && majority(roster, stage).isEmpty()) {
                redoing.add(stage);
            }
        }
        return !redoing.isEmpty();
    }

    /** The members with the digest that more than half of a stage have; nobody if there is none. */
    List<Member> majority(Roster roster, int stage) {
        List<Member> members = roster.stage(stage);
        Map<String, List<Member>> byDigest = new TreeMap<>();
        members.forEach(member -> byDigest.computeIfAbsent(applied.get(member), digest -> new ArrayList<>())
                .add(member));
        return byDigest.values().stream()
                .filter(same -> same.size() * 2 > members.size())
                .findFirst()
                .orElse(List.of());
    }

    /** Who did the update again and got something else. */
    List<Member> contradicting(Roster roster) {
        List<Member> contradicting = new ArrayList<>();
        roster.stages()
                .forEach(shards -> shards.forEach(member -> {
                    if (redone.containsKey(member) && !redone.get(member).equals(applied.get(member))) {
                        contradicting.add(member);
                    }
                }));
        return contradicting;
    }

    /** The digest of a member's parameters and optimiser state after this step. */
    String digest(Member member) {
        return applied.get(member);
    }

    /** For people: what a stage's replicas have. */
    String describe(Roster roster, int stage) {
        StringBuilder text = new StringBuilder();
        roster.stage(stage).forEach(member -> text.append(text.isEmpty() ? "" : ", ")
                .append(member)
                .append(' ')
                .append(applied.get(member)));
        return text.toString();
    }
}
