package io.murmuration.faults.scenario;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * Whom an event befalls: the nodes that are up and to which all filters apply, or some of them by chance.
 *
 * @param filters at least one
 * @param random how many of them, drawn by the scenario's seed; empty: all
 */
public record Target(List<Filter> filters, OptionalInt random) {

    /** One thing asked of a node. */
    public sealed interface Filter {}

    /** It is one of these. */
    public record Named(List<String> nodes) implements Filter {
        public Named {
            nodes = List.copyOf(nodes);
        }
    }

    /** It is of that group. */
    public record OfGroup(String group) implements Filter {}

    /** It is in that region. */
    public record InRegion(String region) implements Filter {}

    /** It has that role. */
    public record WithRole(NodeRole role) implements Filter {}

    /** Its shard is a replica of that stage, counted from 0, at the moment of the event. */
    public record OfStage(int stage) implements Filter {}

    /** What a node is for a moment only. */
    public enum Moment implements Filter {
        /** The coordinator that leads. */
        COORDINATOR_LEADER,
        /** Its shard sends a snapshot, and at least one part of it has arrived. */
        DONOR,
        /** Its shard receives a snapshot, or waits for one. */
        JOINER,
        /** Any node. */
        ALL
    }

    public Target {
        filters = List.copyOf(filters);
    }

    /** Whether it is known before the run which nodes these can be. */
    public boolean known() {
        return filters.stream()
                .noneMatch(
                        filter -> filter instanceof OfStage || filter instanceof Moment moment && moment != Moment.ALL);
    }

    /** In a few words. */
    public String text() {
        String who = filters.stream().map(Target::text).collect(Collectors.joining(" and "));
        return random.isPresent() ? random.getAsInt() + " of " + who : who;
    }

    private static String text(Filter filter) {
        return switch (filter) {
            case Named(List<String> nodes) -> String.join(", ", nodes);
            case OfGroup(String group) -> "group " + group;
            case InRegion(String region) -> "region " + region;
            case WithRole(NodeRole role) -> "role " + Words.of(role);
            case OfStage(int stage) -> "stage " + stage;
            case Moment moment -> Words.of(moment);
        };
    }
}
