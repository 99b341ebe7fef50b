package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/** The keepers, what each can serve, and the checkpoint under way. Pure and single-threaded. */
final class Checkpoints {

    private final int copies;
    private final Map<Member, TreeSet<Long>> kept = new TreeMap<>();

    private boolean open;
    private long version;
    private List<List<Member>> donors = List.of();
    private final TreeSet<Member> waiting = new TreeSet<>();
    private final TreeSet<Member> done = new TreeSet<>();
    private final List<String> problems = new ArrayList<>();

    /** @param copies keepers that get each checkpoint, if there are so many */
    Checkpoints(int copies) {
        this.copies = copies;
    }

    /** A keeper and what it says it can serve. */
    void keeper(Member member, List<Long> versions) {
        kept.put(member, new TreeSet<>(versions));
    }

    /** Everybody is to tell anew what it can serve. */
    void forget() {
        kept.clear();
    }

    int keepers() {
        return kept.size();
    }

    boolean isKeeper(Member member) {
        return kept.containsKey(member);
    }

    /** The newest version from {@code least} to {@code most} that a keeper can serve. */
    OptionalLong newest(long least, long most) {
        return kept.values().stream()
                .flatMap(versions -> Optional.ofNullable(versions.floor(most)).stream())
                .mapToLong(Long::longValue)
                .filter(newest -> newest >= least)
                .max();
    }

    /**
     * One keeper that can serve {@code of}, the first there is: two may have kept the same version of two histories, which
     * differ in the order of summation.
     */
    Optional<Member> source(long of) {
        return kept.entrySet().stream()
                .filter(entry -> entry.getValue().contains(of))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** All keepers that can serve it. */
    List<Member> sources(long of) {
        return kept.entrySet().stream()
                .filter(entry -> entry.getValue().contains(of))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** A keeper cannot serve this version after all. */
    void lacks(Member keeper, long lacking) {
        Optional.ofNullable(kept.get(keeper)).ifPresent(versions -> versions.remove(lacking));
    }

    /** Begins a checkpoint; false if there is no keeper. */
    boolean begin(long of, Predicate<Member> usable) {
        waiting.clear();
        done.clear();
        problems.clear();
        kept.keySet().stream().filter(usable).limit(copies).forEach(waiting::add);
        if (waiting.isEmpty()) {
            kept.keySet().stream().limit(copies).forEach(waiting::add);
        }
        version = of;
        donors = List.of();
        open = !waiting.isEmpty();
        return open;
    }

    boolean isOpen() {
        return open;
    }

    long version() {
        return version;
    }

    /** Who serves each stage. */
    List<List<Member>> donors() {
        return donors;
    }

    /** These serve the stages from now on. */
    void donors(List<List<Member>> others) {
        donors = others.stream().map(List::copyOf).toList();
    }

    boolean needs(Member donor) {
        return open && !waiting.isEmpty() && donors.stream().anyMatch(serving -> serving.contains(donor));
    }

    /** Whether nobody of those who serve some stage is in the roster any more. */
    boolean lacksDonors(Roster roster) {
        return open
                && !waiting.isEmpty()
                && donors.stream().anyMatch(serving -> serving.stream().noneMatch(roster::contains));
    }

    /** Keepers that have not answered. */
    List<Member> waiting() {
        return List.copyOf(waiting);
    }

    /** The answer of a keeper; the result is set when this was the last one that was waited for. */
    Optional<RunEvent> answered(Member keeper, long of, Optional<String> problem) {
        if (problem.isEmpty() && kept.containsKey(keeper)) {
            kept.get(keeper).add(of);
        }
        if (!open || of != version || !waiting.remove(keeper)) {
            return Optional.empty();
        }
        problem.ifPresentOrElse(reason -> problems.add(keeper + ": " + reason), () -> done.add(keeper));
        return settled();
    }

    /** A keeper is gone; the result is set if it was the last one that was waited for. */
    Optional<RunEvent> removed(Member keeper) {
        kept.remove(keeper);
        done.remove(keeper);
        if (!open || !waiting.remove(keeper)) {
            return Optional.empty();
        }
        problems.add("the keeper " + keeper + " is gone");
        return settled();
    }

    /** Whoever has not answered is not waited for any longer. */
    Optional<RunEvent> giveUp(String reason) {
        if (!open) {
            return Optional.empty();
        }
        waiting.clear();
        problems.add(reason);
        return settled();
    }

    private Optional<RunEvent> settled() {
        if (!waiting.isEmpty()) {
            return Optional.empty();
        }
        open = false;
        return Optional.of(
                done.isEmpty()
                        ? new RunEvent.NotKept(version, String.join("; ", problems))
                        : new RunEvent.Kept(version, List.copyOf(done)));
    }
}
