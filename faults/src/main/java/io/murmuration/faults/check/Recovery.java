package io.murmuration.faults.check;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * How long a run takes to get over its faults.
 *
 * <p>A fault that took members is over with the first step that is committed without all of them, or after they were well
 * again. Taken are those that it hit, those that died of it, and those that the run declared lost, or whose command it gave
 * to another, while it lasted; where several last, the youngest fault of the network is to blame, else the youngest. A fault
 * of the network that took nobody is over with the first committed step that was opened after it began. All others cost
 * nobody and have no recovery.
 */
public final class Recovery {

    /**
     * A fault.
     *
     * @param hit the members that it took
     * @param ofNetwork whether it befell links, not nodes
     * @param end when it was healed; empty for what is over at once and for what is in force until the run ends
     * @param lasting whether it has a length at all
     * @param recovered when the run was over it
     */
    public record Fault(
            int number,
            String what,
            List<Member> hit,
            boolean ofNetwork,
            boolean lasting,
            long begin,
            OptionalLong end,
            OptionalLong recovered) {
        public Fault {
            hit = List.copyOf(hit);
        }

        private Fault ended(long time) {
            return new Fault(number, what, hit, ofNetwork, lasting, begin, OptionalLong.of(time), recovered);
        }

        private Fault recovered(long time) {
            return new Fault(number, what, hit, ofNetwork, lasting, begin, end, OptionalLong.of(time));
        }

        private Fault with(Member taken) {
            List<Member> all = new ArrayList<>(hit);
            all.add(taken);
            return new Fault(number, what, all, ofNetwork, lasting, begin, end, OptionalLong.empty());
        }

        private boolean inForce() {
            return lasting && end.isEmpty();
        }
    }

    private final Predicate<String> ofNetwork;
    private final Map<Integer, Fault> faults = new LinkedHashMap<>();
    private final Set<Member> gone = new TreeSet<>();
    private final Map<Long, Long> opened = new TreeMap<>();
    private Optional<Member> leader = Optional.empty();
    private long lastCommit = -1;
    private boolean finished;

    /** @param ofNetwork whether a fault, as it is described, is one of the network */
    Recovery(Predicate<String> ofNetwork) {
        this.ofNetwork = ofNetwork;
    }

    void began(long time, int number, String what, List<Member> hit, boolean lasting) {
        faults.put(
                number,
                new Fault(
                        number,
                        what,
                        hit,
                        ofNetwork.test(what),
                        lasting,
                        time,
                        OptionalLong.empty(),
                        OptionalLong.empty()));
    }

    void ended(long time, int number) {
        faults.computeIfPresent(number, (known, fault) -> fault.ended(time));
    }

    /** A life has ended. At the moment a fault began, that is what took it: coordinators and joiners are in no roster. */
    void died(long time, Member member) {
        gone.add(member);
        youngest(fault -> fault.begin() == time && !fault.hit().contains(member))
                .ifPresent(fault -> faults.put(fault.number(), fault.with(member)));
    }

    void lost(Member member) {
        boolean explained = gone.contains(member)
                || faults.values().stream()
                        .anyMatch(fault ->
                                fault.recovered().isEmpty() && fault.hit().contains(member));
        if (!explained) {
            youngest(fault -> fault.inForce() && fault.ofNetwork())
                    .or(() -> youngest(Fault::inForce))
                    .ifPresent(fault -> faults.put(fault.number(), fault.with(member)));
        }
    }

    private Optional<Fault> youngest(Predicate<Fault> which) {
        return faults.values().stream().filter(which).reduce((older, younger) -> younger);
    }

    void opened(long time, Member by, long step) {
        leader = Optional.of(by);
        opened.put(step, time);
    }

    /** A coordinator leaves of its own accord. */
    void handedOver() {
        leader = Optional.empty();
    }

    void tookOver(Member coordinator) {
        leader.filter(last -> !last.equals(coordinator)).ifPresent(this::lost);
        leader = Optional.of(coordinator);
    }

    void committed(long time, long step, Roster roster) {
        lastCommit = time;
        long began = opened.getOrDefault(step, 0L);
        faults.replaceAll((number, fault) -> over(fault, roster, began) ? fault.recovered(time) : fault);
        opened.keySet().removeIf(older -> older <= step);
    }

    private boolean over(Fault fault, Roster roster, long began) {
        if (fault.recovered().isPresent()) {
            return false;
        }
        if (fault.hit().isEmpty()) {
            return fault.ofNetwork() && began >= fault.begin();
        }
        return fault.hit().stream().noneMatch(roster::contains)
                || (fault.end().isPresent() && fault.hit().stream().noneMatch(gone::contains));
    }

    void finished() {
        finished = true;
    }

    List<Fault> faults() {
        return List.copyOf(faults.values());
    }

    /**
     * Whether a run has to get over it. Not when it took nobody and is not of the network, and not when the run was finished
     * before it could show.
     */
    boolean counts(Fault fault) {
        if (fault.hit().isEmpty()) {
            return fault.ofNetwork() && (fault.recovered().isPresent() || !finished);
        }
        return fault.recovered().isPresent() || !finished || fault.begin() < lastCommit;
    }

    /** The longest time in nanoseconds; empty if one was never got over, or there was none. */
    OptionalLong longest() {
        List<Fault> counting = faults.values().stream().filter(this::counts).toList();
        return counting.stream().allMatch(fault -> fault.recovered().isPresent())
                ? counting.stream()
                        .mapToLong(fault -> fault.recovered().getAsLong() - fault.begin())
                        .max()
                : OptionalLong.empty();
    }
}
