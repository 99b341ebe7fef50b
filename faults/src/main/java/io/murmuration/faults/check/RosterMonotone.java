package io.murmuration.faults.check;

import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Roster;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One term has one coordinator; one epoch has one roster; epochs of a term only grow; nobody is in two stages; and who
 * was dropped from a roster does not come back under the same incarnation. Where nobody is left who remembers a term, terms
 * begin anew.
 */
public final class RosterMonotone extends Check {

    private final Map<Long, Member> commanders = new TreeMap<>();
    private final Map<Long, Roster> newest = new TreeMap<>();
    private final Map<Long, Set<Member>> dropped = new TreeMap<>();

    public RosterMonotone() {
        super("rosters grow");
    }

    @Override
    public void sent(long time, Envelope envelope) {
        switch (envelope.message()) {
            case MemberMessage.OpenStep open -> published(time, envelope.from(), open.roster());
            case MemberMessage.RosterChanged changed -> published(time, envelope.from(), changed.roster());
            default -> {}
        }
    }

    @Override
    public void forgotten(long time) {
        commanders.clear();
        newest.clear();
        dropped.clear();
    }

    private void published(long time, Member by, Roster roster) {
        long term = roster.epoch().term();
        Member commander = commanders.computeIfAbsent(term, absent -> by);
        if (!commander.equals(by)) {
            violated(time, "term " + term + " is commanded by " + commander + " and by " + by);
        }
        Roster last = newest.get(term);
        if (roster.equals(last)) {
            return;
        }
        if (last != null) {
            int order = roster.epoch().compareTo(last.epoch());
            if (order < 0) {
                violated(time, by + " publishes epoch " + roster.epoch() + " after " + last.epoch());
                return;
            }
            if (order == 0) {
                violated(time, "epoch " + roster.epoch() + " has two rosters: " + last + " and " + roster);
                return;
            }
            lost(term, last, roster);
        }
        newest.put(term, roster);
        members(time, roster);
        for (Member member : dropped.getOrDefault(term, Set.of())) {
            if (roster.contains(member)) {
                violated(time, member + " is back in roster " + roster.epoch() + " though it was dropped before");
            }
        }
    }

    private void lost(long term, Roster last, Roster roster) {
        Set<Member> gone = dropped.computeIfAbsent(term, absent -> new TreeSet<>());
        last.stages().forEach(shards -> shards.stream()
                .filter(member -> !roster.contains(member))
                .forEach(gone::add));
    }

    private void members(long time, Roster roster) {
        Map<Member, Integer> stages = new LinkedHashMap<>();
        for (int stage = 0; stage < roster.stages().size(); stage++) {
            for (Member member : roster.stage(stage)) {
                Integer other = stages.put(member, stage);
                if (other != null) {
                    violated(time, member + " is in stages " + other + " and " + stage + " of " + roster.epoch());
                }
            }
        }
    }
}
