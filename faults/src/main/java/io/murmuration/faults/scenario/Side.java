package io.murmuration.faults.scenario;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** One side of a cut: the nodes that one of the filters selects, joiners of groups and regions included. */
public record Side(List<Target.Filter> anyOf) {

    public Side {
        anyOf = List.copyOf(anyOf);
    }

    /** In a few words. */
    public String text() {
        return anyOf.stream()
                .map(filter -> new Target(List.of(filter), OptionalInt.empty()).text())
                .collect(Collectors.joining(" + "));
    }
}
