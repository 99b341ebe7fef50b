package io.murmuration.faults.scenario.cli;

import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Verdict;
import java.util.Set;
import java.util.TreeSet;

/** What of a run failed: bounds by their keys, checks by their names. */
final class Failings {

    private Failings() {}

    static Set<String> of(Judgement judgement) {
        Set<String> failings = new TreeSet<>();
        judgement.bounds().stream()
                .filter(each -> each.verdict() == Verdict.FAILED)
                .forEach(each -> failings.add(each.bound().measure().key()));
        judgement.violations().forEach(violation -> failings.add(violation.checker()));
        return failings;
    }
}
