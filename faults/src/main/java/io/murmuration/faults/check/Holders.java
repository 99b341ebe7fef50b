package io.murmuration.faults.check;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Who holds the version in place, stage by stage, and whether a coordinator that goes back could have gone on with them.
 *
 * <p>It can go on with whom it has: a new one with those who have promised, and a leading one with its roster. As it goes
 * back it tells all of these at one moment to start over, which is how they are known. Who is frozen, cut off or was
 * expelled before is not among them, so that no more is demanded of a coordinator than it can know.
 */
final class Holders {

    private record Order(Epoch epoch, long time) {}

    private List<Set<Member>> stages = List.of();
    private long version = -1;
    /** When each was told first to start over. */
    private final Map<Member, Order> startingOver = new TreeMap<>();
    /** What shards have told the coordinator of this term. */
    private final Map<Member, Standing.OfShard> promised = new TreeMap<>();

    private boolean leads;
    private boolean redoing;

    /** A version is in place at those of the roster who live. */
    void inPlace(Roster roster, long made, Set<Member> gone) {
        stages = roster.stages().stream().map(Holders::copy).toList();
        stages.forEach(members -> members.removeAll(gone));
        version = made;
        redoing = false;
    }

    private static Set<Member> copy(List<Member> members) {
        return new TreeSet<>(members);
    }

    /** Nobody holds anything that counts: the run has gone back, or is forgotten. */
    void none() {
        stages = List.of();
        redoing = false;
    }

    void gone(Member member) {
        stages.forEach(members -> members.remove(member));
    }

    /** There is a new term, whose coordinator knows nobody yet. */
    void newTerm() {
        promised.clear();
        leads = false;
    }

    /** The coordinator of this term goes on with the run. */
    void led() {
        leads = true;
    }

    void promised(Member member, Standing.OfShard standing) {
        promised.putIfAbsent(member, standing);
    }

    void startsOver(long time, Member member, Epoch epoch) {
        startingOver.putIfAbsent(member, new Order(epoch, time));
    }

    /** Replicas did not agree and do a step again. */
    void redo() {
        redoing = true;
    }

    void forget() {
        none();
        newTerm();
        startingOver.clear();
    }

    /** Whether the coordinator of {@code term} goes back though it has all that it takes to go on. */
    boolean sufficeFor(long term) {
        if (stages.isEmpty() || redoing) {
            return false;
        }
        Predicate<Member> had = had(term);
        List<List<Member>> with = stages.stream()
                .map(members -> members.stream().filter(had).toList())
                .toList();
        return with.stream().noneMatch(List::isEmpty) && (leads || canGoOn(with, had));
    }

    /** Whom the coordinator had when it decided to go back; all if it told nobody to start over. */
    private Predicate<Member> had(long term) {
        List<Order> orders = startingOver.values().stream()
                .filter(order -> order.epoch().term() == term)
                .toList();
        return orders.stream()
                .map(Order::epoch)
                .max(Epoch::compareTo)
                .<Predicate<Member>>map(last -> {
                    // Who promised only after the decision is told later.
                    long first = orders.stream()
                            .filter(order -> order.epoch().equals(last))
                            .mapToLong(Order::time)
                            .min()
                            .orElseThrow();
                    Order decision = new Order(last, first);
                    return member -> decision.equals(startingOver.get(member));
                })
                .orElse(member -> leads && !startingOver.containsKey(member));
    }

    /** By what these have promised: all of one history, nobody left behind by a step that some have made already. */
    private boolean canGoOn(List<List<Member>> with, Predicate<Member> had) {
        List<Standing.OfShard> all = promised.entrySet().stream()
                .filter(entry -> had.test(entry.getKey()) && !entry.getValue().fresh())
                .map(Map.Entry::getValue)
                .toList();
        if (all.stream().map(Standing.OfShard::history).distinct().count() != 1) {
            return false;
        }
        long top = all.stream().mapToLong(Standing.OfShard::version).max().orElseThrow();
        boolean next = top == version + 1
                && all.stream().anyMatch(shard -> shard.version() == top && justMade(shard))
                && all.stream().noneMatch(shard -> shard.opened(Purpose.TRAIN, top));
        if (top != version && !next) {
            return false;
        }
        for (List<Member> members : with) {
            List<Standing.OfShard> able = new ArrayList<>();
            for (Member member : members) {
                Standing.OfShard shard = promised.getOrDefault(member, Standing.OfShard.FRESH);
                if (shard.version() == top
                        || (next
                                && shard.version() == version
                                && shard.prepared().isPresent())) {
                    able.add(shard);
                }
            }
            // A step that is being made is voted on when all have made it.
            long opinions =
                    able.stream().map(Standing.OfShard::digest).distinct().count();
            if (able.isEmpty() || (!next && opinions > 1)) {
                return false;
            }
        }
        return true;
    }

    private static boolean justMade(Standing.OfShard shard) {
        return shard.committed()
                .filter(commit -> commit.step() == shard.version() - 1)
                .isPresent();
    }

    @Override
    public String toString() {
        return stages.toString();
    }
}
