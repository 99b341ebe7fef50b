package io.murmuration.actors.run;

import io.murmuration.actors.protocol.Member;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What went into every averaging of a {@link RunModel}. */
final class Rounds {

    private final Map<String, Map<Member, List<Integer>>> joined = new TreeMap<>();

    /** After going back, the same round may be held once more by others. */
    private static String key(int stage, long step, long round, List<Member> participants) {
        return step + "/" + stage + "/" + round + participants;
    }

    void join(int stage, long step, long round, List<Member> participants, Member member, List<Integer> counted) {
        joined.computeIfAbsent(key(stage, step, round, participants), absent -> new TreeMap<>())
                .put(member, List.copyOf(counted));
    }

    boolean complete(int stage, long step, long round, List<Member> participants) {
        return joined.getOrDefault(key(stage, step, round, participants), Map.of())
                .keySet()
                .containsAll(participants);
    }

    /** Every index that was summed, as often as it was. */
    List<Integer> summed(int stage, long step, long round, List<Member> participants) {
        List<Integer> all = new ArrayList<>();
        joined.get(key(stage, step, round, participants)).values().forEach(all::addAll);
        Collections.sort(all);
        return all;
    }
}
