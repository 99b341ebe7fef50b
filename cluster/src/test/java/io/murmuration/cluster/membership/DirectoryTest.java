package io.murmuration.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Role;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class DirectoryTest {

    private static final int NODES = 4;

    private final Directory directory = new Directory();

    private static Place place(String node, long life) {
        return new Place("pekko://murmuration@" + node + ":1", life);
    }

    private static Member member(String node, Role role, long life, int restart) {
        return Member.of(node + ":" + role.name().toLowerCase(java.util.Locale.ROOT), life * 1_000_000 + restart);
    }

    private static DirectoryEntry entry(String node, long life, long version, long leads, int restart, Role... roles) {
        SortedMap<Member, Role> members = new TreeMap<>();
        for (Role role : roles) {
            members.put(member(node, role, life, restart), role);
        }
        Place place = place(node, life);
        return new DirectoryEntry(
                node,
                life,
                place.address(),
                place.uid(),
                node,
                2,
                members,
                new TreeMap<>(),
                leads,
                Optional.empty(),
                RunWish.NONE,
                version);
    }

    /** What somebody believes who has heard these events in this order; an event that contradicts it is a failure. */
    private static final class Belief {
        private final Map<Member, Role> present = new LinkedHashMap<>();
        private final Set<Member> unreachable = new LinkedHashSet<>();
        private Optional<Member> leader = Optional.empty();

        private void hear(List<Membership.Event> events) {
            for (Membership.Event event : events) {
                switch (event) {
                    case Membership.Joined(Member member, Role role) ->
                        assertThat(present.put(member, role))
                                .as("%s joins once", member)
                                .isNull();
                    case Membership.Removed(Member member, String reason) -> {
                        assertThat(present.remove(member))
                                .as("%s was there", member)
                                .isNotNull();
                        assertThat(reason).isNotEmpty();
                        unreachable.remove(member);
                    }
                    case Membership.Unreachable(Member member) -> {
                        assertThat(present).containsKey(member);
                        assertThat(unreachable.add(member)).isTrue();
                    }
                    case Membership.Reachable(Member member) ->
                        assertThat(unreachable.remove(member)).isTrue();
                    case Membership.Leads(Member member) -> {
                        assertThat(present).containsEntry(member, Role.COORDINATOR);
                        assertThat(leader).isNotEqualTo(Optional.of(member));
                        leader = Optional.of(member);
                    }
                }
            }
        }
    }

    /** Whatever happens in whatever order: events fit together, and who listens late believes the same. */
    @Property(tries = 500)
    void events_never_contradict_each_other(@ForAll long seed, @ForAll @IntRange(min = 1, max = 120) int changes) {
        Random random = new Random(seed);
        Directory directory = new Directory();
        Belief belief = new Belief();
        for (int i = 0; i < changes; i++) {
            String node = "n" + random.nextInt(NODES);
            long life = 1 + random.nextInt(3);
            belief.hear(
                    switch (random.nextInt(7)) {
                        case 0 -> directory.up(place(node, life), random.nextBoolean());
                        case 1 -> directory.removed(place(node, life), "gone");
                        case 2 -> directory.reach(place(node, life), random.nextBoolean());
                        default ->
                            directory.announced(entry(
                                    node,
                                    life,
                                    random.nextInt(20),
                                    random.nextInt(4),
                                    random.nextInt(3),
                                    random.nextBoolean()
                                            ? new Role[] {Role.COORDINATOR, Role.SHARD}
                                            : new Role[] {Role.SHARD}));
                    });
            Belief late = new Belief();
            List<Membership.Event> known = directory.known();
            late.hear(known.stream()
                    .filter(event -> !(event instanceof Membership.Leads))
                    .toList());
            assertThat(late.present).isEqualTo(belief.present);
            assertThat(late.unreachable).isEqualTo(belief.unreachable);
            assertThat(known.stream().filter(Membership.Leads.class::isInstance).map(Membership.Event::member))
                    .isEqualTo(belief.leader.stream().toList());
        }
    }

    /** Announcements may come late, doubled and in any order: what is believed in the end is the same. */
    @Property(tries = 300)
    void the_order_of_announcements_does_not_matter(@ForAll long seed) {
        Random random = new Random(seed);
        Directory directory = new Directory();
        List<DirectoryEntry> said = new ArrayList<>();
        for (int node = 0; node < NODES; node++) {
            for (int version = 1; version <= 4; version++) {
                said.add(entry("n" + node, 1, version, random.nextInt(9), version, Role.COORDINATOR, Role.TRAINER));
            }
        }
        Directory other = new Directory();
        for (int node = 0; node < NODES; node++) {
            directory.up(place("n" + node, 1), true);
            other.up(place("n" + node, 1), true);
        }
        said.forEach(directory::announced);
        List<DirectoryEntry> shuffled = new ArrayList<>(said);
        shuffled.addAll(said);
        Collections.shuffle(shuffled, random);
        shuffled.forEach(other::announced);

        assertThat(other.entries()).containsExactlyInAnyOrderElementsOf(directory.entries());
        assertThat(other.leads()).isEqualTo(directory.leads());
    }

    @Example
    void who_is_not_in_the_cluster_is_not_believed() {
        assertThat(directory.announced(entry("a", 1, 1, 0, 0, Role.SHARD))).isEmpty();
        assertThat(directory.known()).isEmpty();
    }

    @Example
    void a_weak_member_computes_and_does_not_lead() {
        directory.up(place("a", 1), false);

        assertThat(directory.announced(entry("a", 1, 1, 1, 0, Role.COORDINATOR, Role.SHARD)))
                .containsExactly(new Membership.Joined(member("a", Role.SHARD, 1, 0), Role.SHARD));
        assertThat(directory.up(place("a", 1), true))
                .containsExactly(
                        new Membership.Joined(member("a", Role.COORDINATOR, 1, 0), Role.COORDINATOR),
                        new Membership.Leads(member("a", Role.COORDINATOR, 1, 0)));
    }

    @Example
    void a_new_life_replaces_the_old_one_and_the_old_one_is_not_heard_again() {
        directory.up(place("a", 1), true);
        directory.up(place("a", 2), true);
        directory.announced(entry("a", 1, 7, 0, 0, Role.SHARD));

        assertThat(directory.announced(entry("a", 2, 1, 0, 0, Role.SHARD)))
                .containsExactly(
                        new Membership.Removed(member("a", Role.SHARD, 1, 0), "a came back in a new life"),
                        new Membership.Joined(member("a", Role.SHARD, 2, 0), Role.SHARD));
        assertThat(directory.announced(entry("a", 1, 8, 0, 0, Role.SHARD))).isEmpty();
    }

    @Example
    void when_the_leading_node_hosts_no_coordinator_any_more_the_eldest_other_one_leads() {
        for (String node : List.of("a", "b", "c")) {
            directory.up(place(node, 1), true);
        }
        directory.ages(List.of(place("a", 1), place("c", 1), place("b", 1)));
        directory.announced(entry("b", 1, 1, 0, 0, Role.COORDINATOR));
        directory.announced(entry("c", 1, 1, 0, 0, Role.COORDINATOR));
        directory.announced(entry("a", 1, 1, 1, 0, Role.COORDINATOR));

        assertThat(directory.announced(entry("a", 1, 2, 1, 0, Role.SHARD)))
                .contains(new Membership.Leads(member("c", Role.COORDINATOR, 1, 0)));
    }

    @Example
    void nobody_speaks_for_members_of_another_node() {
        SortedMap<Member, Role> others = new TreeMap<>();
        others.put(member("b", Role.SHARD, 1, 0), Role.SHARD);

        assertThatThrownBy(() -> new DirectoryEntry(
                        "a", 1, "x", 1, "a", 2, others, new TreeMap<>(), 0, Optional.empty(), RunWish.NONE, 1))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("expected a member of life 1 of node a, got b:shard#1000000");
    }
}
