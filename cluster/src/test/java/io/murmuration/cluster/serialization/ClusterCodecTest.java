package io.murmuration.cluster.serialization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.membership.ClusterMessage;
import io.murmuration.cluster.membership.DirectoryEntry;
import io.murmuration.cluster.membership.Order;
import io.murmuration.cluster.membership.OrderAnswer;
import io.murmuration.cluster.membership.RunEnding;
import io.murmuration.cluster.membership.RunStatus;
import io.murmuration.cluster.membership.RunWish;
import io.murmuration.cluster.run.PeerNames;
import io.murmuration.cluster.transport.NodeIdentity;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What travels between two nodes, as bytes, and what does not pass for it. */
final class ClusterCodecTest {

    private static final String RUN = "0123456789abcdef";
    private static final Member A = Member.of("a:shard", 1_795_000_000_000_000L);
    private static final Member HUB = Member.of("hub:coordinator", 1_795_000_000_000_001L);

    private static final List<ClusterMessage> MESSAGES = List.of(
            new ClusterMessage.Greeting(
                    new NodeIdentity("a", 2, RUN, 1), 3, true, "pekko://murmuration@a:1/user/joining#7"),
            new ClusterMessage.Welcome(new NodeIdentity("hub", 3, RUN, 1), "pekko://murmuration@hub:1", true),
            new ClusterMessage.TurnedAway(new NodeIdentity("hub", 3, RUN, 1), "no"),
            new ClusterMessage.Carried(RUN, A, HUB, new CoordinatorMessage.NotKept(5, "the disk is full")),
            new ClusterMessage.Announced(
                    RUN,
                    new DirectoryEntry(
                            "a",
                            1_795_000_000L,
                            "pekko://murmuration@a:1",
                            -7,
                            "a",
                            25_521,
                            new TreeMap<>(java.util.Map.of(A, Role.SHARD)),
                            new TreeMap<>(java.util.Map.of(HUB, "it failed")),
                            4,
                            Optional.of(new RunEnding(20, false, 1.5, "d")),
                            new RunWish(3, true),
                            9)),
            new ClusterMessage.Heard(RUN, "a", "hub", 3, 4),
            new ClusterMessage.PortRefused(RUN, "a", "b", 3),
            new ClusterMessage.Told(RUN, new RunStatus("training", 1, 2, Double.NaN, 3, 4, Roster.EMPTY)),
            new ClusterMessage.Ordered(RUN, "a", 7, Order.CHECKPOINT),
            new ClusterMessage.Answered(RUN, "hub", 7, OrderAnswer.done("version 8 is kept")));

    private final ClusterCodec codec = new ClusterCodec();
    private final ClusterMessageSerializer serializer = new ClusterMessageSerializer();

    @Provide
    Arbitrary<ClusterMessage> messages() {
        return Arbitraries.of(MESSAGES);
    }

    @Example
    void every_class_that_crosses_has_a_number_and_is_tried_here() {
        assertThat(WireSchema.leaves(ClusterMessage.class))
                .filteredOn(type -> type != ClusterMessage.Unreadable.class)
                .allSatisfy(type -> {
                    assertThat(ClusterTypes.TABLE.values()).contains(type);
                    assertThat(MESSAGES).hasAtLeastOneElementOfType(type);
                });
        assertThat(ClusterTypes.TABLE.values()).containsAll(WireSchema.leaves(ControlMessage.class));
    }

    @Example
    void every_message_comes_back_as_it_was() {
        assertThat(MESSAGES).allSatisfy(message -> {
            assertThat(codec.decode(codec.encode(message))).isEqualTo(message);
            ByteBuffer buffer = ByteBuffer.allocate(ControlCodec.MAX_BYTES);
            serializer.toBinary(message, buffer);
            assertThat(serializer.fromBinary(buffer.flip(), "")).isEqualTo(message);
        });
    }

    /** Two versions must be able to tell each other that they do not fit: these bytes are for ever. */
    @Example
    void first_contact_keeps_its_bytes() {
        assertThat(codec.encode(MESSAGES.getFirst())).startsWith(0, 0xEE, 5, 1, 'a', 4, 16, '0', '1');
        assertThat(codec.encode(MESSAGES.get(1))).startsWith(0, 0xEF, 5, 3, 'h', 'u', 'b', 6, 16, '0', '1');
        assertThat(codec.encode(MESSAGES.get(2))).startsWith(0, 0xF0, 5, 3, 'h', 'u', 'b', 6, 16, '0', '1');
    }

    /** The largest that the protocol makes: a roster of a swarm of a thousand, opened again by a takeover. */
    @Example
    void the_largest_control_message_stays_below_the_bound() {
        List<List<Member>> stages = IntStream.range(0, 10)
                .mapToObj(stage -> IntStream.range(0, 100)
                        .mapToObj(i -> Member.of("eu-west-" + (100 * stage + i) + ":shard", A.incarnation()))
                        .toList())
                .toList();
        Roster roster = new Roster(new Epoch(3, 1000), stages, List.of(A));
        MemberMessage open =
                new MemberMessage.OpenStep(roster, List.of(A), Purpose.TRAIN, 1_000_000, 512, false, 1_000_000);

        assertThat(codec.encode(new ClusterMessage.Carried(RUN, HUB, A, open))).hasSizeLessThan(ControlCodec.MAX_BYTES);
    }

    /** A node with all the shards it may have, each of which has just been lost for a long reason. */
    @Example
    void what_the_largest_node_says_of_itself_stays_below_the_bound() {
        String name = "n".repeat(64);
        SortedMap<Member, Role> members = new TreeMap<>();
        SortedMap<Member, String> gone = new TreeMap<>();
        long life = 1_795_000_000L;
        for (int number = 1; number <= NodeSettings.MOST_SHARDS; number++) {
            PeerId shard = PeerNames.peer(name, Role.SHARD, number);
            for (int restart = 0; restart < 2; restart++) {
                members.put(new Member(shard, PeerNames.incarnation(life) + restart), Role.SHARD);
            }
            gone.put(new Member(shard, PeerNames.incarnation(life) + 2), "\u6f22".repeat(200));
        }
        for (Role role : List.of(Role.COORDINATOR, Role.KEEPER, Role.TRAINER)) {
            for (int restart = 0; restart < 2; restart++) {
                members.put(new Member(PeerNames.peer(name, role), PeerNames.incarnation(life) + restart), role);
            }
            gone.put(new Member(PeerNames.peer(name, role), PeerNames.incarnation(life) + 2), "\u6f22".repeat(200));
        }
        ClusterMessage announced = new ClusterMessage.Announced(
                RUN,
                new DirectoryEntry(name, life, name, 1, name, 2, members, gone, 1, Optional.empty(), RunWish.NONE, 1));

        byte[] bytes = codec.encode(announced);
        assertThat(bytes).hasSizeLessThan(ControlCodec.MAX_BYTES);
        assertThat(codec.decode(bytes)).isEqualTo(announced);
    }

    @Example
    void what_is_too_long_is_refused_at_both_ends() {
        List<Integer> indices = IntStream.range(0, 40_000).boxed().toList();
        ClusterMessage tally =
                new ClusterMessage.Carried(RUN, A, HUB, new CoordinatorMessage.Tally(Epoch.NONE, 1, 1, indices));

        assertThatThrownBy(() -> codec.encode(tally))
                .isInstanceOf(ProtocolException.class)
                .hasMessageStartingWith("a control message has at most 32768 bytes, Tally from a:shard#");
        assertThat(serializer.fromBinary(ByteBuffer.allocate(ControlCodec.MAX_BYTES + 1), ""))
                .isEqualTo(new ClusterMessage.Unreadable("a control message has at most 32768 bytes, got 32769"));
    }

    /** Any bytes at all become a message or the reason why they are none. */
    @Property(tries = 2000)
    void bytes_that_are_no_message_are_refused_in_words(@ForAll byte[] bytes) {
        assertThat(serializer.fromBinary(bytes, "")).isInstanceOf(ClusterMessage.class);
    }

    @Property(tries = 500)
    void a_message_that_is_cut_short_is_refused(@ForAll("messages") ClusterMessage message, @ForAll int at) {
        byte[] whole = codec.encode(message);

        assertThat(serializer.fromBinary(Arrays.copyOf(whole, Math.floorMod(at, whole.length)), ""))
                .isInstanceOf(ClusterMessage.Unreadable.class);
    }

    @Property(tries = 2000)
    void a_message_with_a_changed_byte_does_no_harm(
            @ForAll("messages") ClusterMessage message, @ForAll int at, @ForAll byte value) {
        byte[] bytes = codec.encode(message);
        bytes[Math.floorMod(at, bytes.length)] = value;

        assertThat(serializer.fromBinary(bytes, "")).isInstanceOf(ClusterMessage.class);
    }

    @Example
    void another_protocol_version_is_named() {
        byte[] bytes = codec.encode(MESSAGES.get(3));
        bytes[0] = 9;

        assertThat(serializer.fromBinary(bytes, ""))
                .isEqualTo(new ClusterMessage.Unreadable(
                        "expected protocol version " + ControlCodec.PROTOCOL_VERSION + ", got 9"));
    }
}
