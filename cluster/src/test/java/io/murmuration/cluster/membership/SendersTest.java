package io.murmuration.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Who may speak for whom on the control plane. */
final class SendersTest {

    private static final String HERE = at("eu-1");

    private final Directory directory = new Directory();
    private final Senders senders = new Senders(directory, new Place(HERE, 1), "eu-1");

    SendersTest() {
        known(entry("eu-1", HERE, 1, Role.COORDINATOR));
        known(entry("eu-2", at("eu-2"), 5, Role.SHARD));
        known(entry("eu-3", at("eu-3"), 5, Role.SHARD));
    }

    private static String at(String host) {
        return "pekko://murmuration@" + host + ":25520";
    }

    private static Member member(String node, long life, Role role) {
        return Member.of(node + ":" + role.name().toLowerCase(java.util.Locale.ROOT), life * 1_000_000);
    }

    private static DirectoryEntry entry(String node, String control, long life, Role role) {
        SortedMap<Member, Role> members = new TreeMap<>();
        members.put(member(node, life, role), role);
        return new DirectoryEntry(
                node, life, control, life, node, 25521, members, new TreeMap<>(), 0, Optional.empty(), RunWish.NONE, 1);
    }

    private void known(DirectoryEntry entry) {
        directory.up(entry.place(), true);
        directory.announced(entry);
    }

    @Test
    void a_namesake_says_so_from_where_it_is_and_is_not_known_by_another_name() {
        DirectoryEntry namesake = entry("eu-1", at("eu-9"), 7, Role.SHARD);
        assertThat(senders.isNamesake(at("eu-9"), namesake)).isTrue();
        assertThat(senders.isNamesake(at("eu-8"), namesake)).isFalse();
        assertThat(senders.isNamesake(HERE, entry("eu-1", HERE, 1, Role.COORDINATOR)))
                .as("this node itself")
                .isFalse();
        assertThat(senders.isNamesake(at("eu-2"), entry("eu-1", at("eu-2"), 5, Role.SHARD)))
                .as("known as eu-2")
                .isFalse();
    }

    @Test
    void a_node_speaks_for_itself_and_for_nobody_else() {
        assertThat(senders.isNode(at("eu-2"), "eu-2")).isTrue();
        assertThat(senders.isNode(at("eu-2"), "eu-3")).isFalse();
        assertThat(senders.isNode(Senders.NOBODY, "eu-2")).isFalse();
        assertThat(senders.isNode(at("eu-4"), "eu-4")).as("not known").isFalse();
        assertThat(senders.mayCarry(at("eu-2"), member("eu-2", 5, Role.SHARD))).isTrue();
        assertThat(senders.mayCarry(at("eu-2"), member("eu-3", 5, Role.SHARD))).isFalse();
        assertThat(senders.mayCarry(at("eu-4"), member("eu-4", 5, Role.SHARD)))
                .as("its message was faster than what it says of itself")
                .isTrue();
        assertThat(senders.mayLead(HERE)).isTrue();
        assertThat(senders.mayLead(at("eu-2"))).isFalse();
    }

    @Test
    void nobody_announces_a_higher_life_of_another_node_that_answers() {
        DirectoryEntry stolen = entry("eu-3", at("eu-2"), 6, Role.SHARD);
        assertThat(senders.mayAnnounce(at("eu-2"), stolen)).isFalse();
        assertThat(senders.mayAnnounce(at("eu-2"), entry("eu-3", at("eu-3"), 6, Role.SHARD)))
                .as("for another address")
                .isFalse();
        assertThat(senders.mayAnnounce(at("eu-2"), entry("eu-1", at("eu-2"), 6, Role.COORDINATOR)))
                .as("in the name of this node")
                .isFalse();
        assertThat(senders.mayAnnounce(HERE, entry("eu-1", HERE, 1, Role.COORDINATOR)))
                .isTrue();
    }

    @Test
    void who_came_back_is_heard_at_its_address_at_once_and_at_another_when_the_old_one_is_silent() {
        assertThat(senders.mayAnnounce(at("eu-3"), entry("eu-3", at("eu-3"), 6, Role.SHARD)))
                .isTrue();
        DirectoryEntry moved = entry("eu-3", at("eu-3-new"), 6, Role.SHARD);
        assertThat(senders.mayAnnounce(at("eu-3-new"), moved)).isFalse();
        directory.reach(new Place(at("eu-3"), 5), true);
        assertThat(senders.mayAnnounce(at("eu-3-new"), moved)).isTrue();
    }
}
