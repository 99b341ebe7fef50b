package io.murmuration.cluster.membership;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a node knows of all nodes: which processes the cluster has, and what each says of itself. Both come late, doubled and
 * in any order; the events that follow are always the difference between what was told and what is known now, so they never
 * contradict each other.
 *
 * <p>Not thread-safe: the gateway owns it.
 */
final class Directory {

    /** A process that the cluster has as a member. */
    private static final class Node {
        private final Place place;
        /** Not only weakly up: it may own something that there is one of. */
        private boolean full;

        private boolean unreachable;
        private Optional<DirectoryEntry> entry = Optional.empty();
        private final Map<Member, Role> told = new LinkedHashMap<>();

        private Node(Place place) {
            this.place = place;
        }

        /** Who is only weakly up may compute but not lead. */
        private SortedMap<Member, Role> visible() {
            SortedMap<Member, Role> visible = new TreeMap<>();
            entry.ifPresent(known -> known.members().forEach((member, role) -> {
                if (full || role != Role.COORDINATOR) {
                    visible.put(member, role);
                }
            }));
            return visible;
        }
    }

    private final Map<Place, Node> nodes = new LinkedHashMap<>();
    private List<Place> oldestFirst = List.of();
    private Optional<Member> leader = Optional.empty();

    /** The cluster has this process as a member; {@code full} if not only weakly. */
    List<Membership.Event> up(Place place, boolean full) {
        Node node = nodes.computeIfAbsent(place, Node::new);
        node.full |= full;
        return settle(node, "");
    }

    /** In which order the processes came into the cluster, as all agree. */
    void ages(List<Place> eldestFirst) {
        oldestFirst = List.copyOf(eldestFirst);
    }

    List<Membership.Event> removed(Place place, String reason) {
        Node node = nodes.remove(place);
        if (node == null) {
            return List.of();
        }
        node.entry = Optional.empty();
        return settle(node, reason);
    }

    List<Membership.Event> reach(Place place, boolean unreachable) {
        Node node = nodes.get(place);
        if (node == null || node.unreachable == unreachable) {
            return List.of();
        }
        node.unreachable = unreachable;
        List<Membership.Event> events = new ArrayList<>();
        node.told.keySet().forEach(member -> events.add(reachability(node, member)));
        return events;
    }

    /** Whether the cluster has who says this; only then is it worth remembering, and confirmed. */
    boolean knows(Place place) {
        return nodes.containsKey(place);
    }

    /** What a process says of itself. Older versions, older lives and strangers are passed over. */
    List<Membership.Event> announced(DirectoryEntry entry) {
        Node node = nodes.get(entry.place());
        if (node == null || node.entry.filter(known -> !newer(entry, known)).isPresent()) {
            return List.of();
        }
        List<Membership.Event> events = new ArrayList<>();
        for (Node other : List.copyOf(nodes.values())) {
            boolean sameName = other != node
                    && other.entry
                            .filter(known -> known.node().equals(entry.node()))
                            .isPresent();
            if (sameName && other.entry.orElseThrow().life() >= entry.life()) {
                return List.of();
            }
            if (sameName) {
                other.entry = Optional.empty();
                events.addAll(settle(other, entry.node() + " came back in a new life"));
            }
        }
        node.entry = Optional.of(entry);
        events.addAll(settle(node, ""));
        return events;
    }

    private static boolean newer(DirectoryEntry entry, DirectoryEntry known) {
        return entry.node().equals(known.node()) && entry.life() == known.life() && entry.version() > known.version();
    }

    /** Tells what is known of a node now and was not told. */
    private List<Membership.Event> settle(Node node, String reason) {
        List<Membership.Event> events = new ArrayList<>();
        SortedMap<Member, Role> visible = node.visible();
        for (Member member : List.copyOf(node.told.keySet())) {
            if (!visible.containsKey(member)) {
                node.told.remove(member);
                String why = node.entry
                        .map(known -> known.gone().getOrDefault(member, "it is not there any more"))
                        .orElse(reason);
                events.add(new Membership.Removed(member, why));
            }
        }
        visible.forEach((member, role) -> {
            if (node.told.putIfAbsent(member, role) == null) {
                events.add(new Membership.Joined(member, role));
                if (node.unreachable) {
                    events.add(new Membership.Unreachable(member));
                }
            }
        });
        Optional<Member> leads = leadingNow();
        if (leads.isPresent() && !leads.equals(leader)) {
            leader = leads;
            events.add(new Membership.Leads(leads.get()));
        }
        return events;
    }

    /**
     * The highest number leads: who was named last. A coordinator that came back on the same node leads as well. If that node
     * hosts none any more, because it is about to leave, the eldest other one leads: it is where the number will go.
     */
    private Optional<Member> leadingNow() {
        Optional<DirectoryEntry> named = leadingNode();
        Optional<Member> there = named.flatMap(DirectoryEntry::coordinator);
        if (named.isEmpty() || there.isPresent()) {
            return there.filter(this::isTold);
        }
        return oldestFirst.stream()
                .flatMap(place -> Optional.ofNullable(nodes.get(place)).stream())
                .filter(node -> !node.unreachable)
                .flatMap(node -> node.entry.flatMap(DirectoryEntry::coordinator).stream())
                .filter(this::isTold)
                .findFirst();
    }

    private boolean isTold(Member member) {
        return nodes.values().stream().anyMatch(node -> node.told.containsKey(member));
    }

    private Optional<DirectoryEntry> leadingNode() {
        return entries().stream()
                .filter(entry -> entry.leads() > 0)
                .max(Comparator.comparingLong(DirectoryEntry::leads).thenComparing(DirectoryEntry::node));
    }

    private static Membership.Event reachability(Node node, Member member) {
        return node.unreachable ? new Membership.Unreachable(member) : new Membership.Reachable(member);
    }

    /** All that was told and still holds, for who begins to listen. */
    List<Membership.Event> known() {
        List<Membership.Event> events = new ArrayList<>();
        for (Node node : nodes.values()) {
            node.told.forEach((member, role) -> {
                events.add(new Membership.Joined(member, role));
                if (node.unreachable) {
                    events.add(new Membership.Unreachable(member));
                }
            });
        }
        leader.ifPresent(member -> events.add(new Membership.Leads(member)));
        return events;
    }

    /** What the nodes say of themselves. */
    List<DirectoryEntry> entries() {
        return nodes.values().stream().flatMap(node -> node.entry.stream()).toList();
    }

    Optional<DirectoryEntry> entry(String node) {
        return entries().stream().filter(entry -> entry.node().equals(node)).findFirst();
    }

    /** Every process that the cluster has. */
    List<Place> places() {
        return List.copyOf(nodes.keySet());
    }

    boolean isUnreachable(Place place) {
        Node node = nodes.get(place);
        return node != null && node.unreachable;
    }

    /** Whether the cluster has it as a full member. */
    boolean isFull(Place place) {
        Node node = nodes.get(place);
        return node != null && node.full;
    }

    /** Whether the cluster had {@code place} before {@code other}; all agree in that about full members. */
    boolean isOlder(Place place, Place other) {
        int at = oldestFirst.indexOf(place);
        return at >= 0 && at < oldestFirst.indexOf(other);
    }

    /** The number with which somebody takes the lead from everybody known. */
    long nextLead() {
        return 1 + entries().stream().mapToLong(DirectoryEntry::leads).max().orElse(0);
    }

    /** The node that leads, if it is known. */
    Optional<DirectoryEntry> leads() {
        return leadingNode();
    }
}
