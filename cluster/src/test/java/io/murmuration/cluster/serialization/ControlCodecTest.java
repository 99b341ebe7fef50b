package io.murmuration.cluster.serialization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.esotericsoftware.kryo.io.Output;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What a control message looks like as bytes, and what does not pass for one. */
final class ControlCodecTest {

    private static final Member A = Member.of("a:shard", 1_000_000);
    private static final Member B = Member.of("b:coordinator", 2_000_001);

    private static final Set<Class<?>> MESSAGES = WireSchema.leaves(ControlMessage.class);

    private final ControlCodec codec = new ControlCodec();

    @Provide
    Arbitrary<Class<?>> messages() {
        return Arbitraries.of(MESSAGES);
    }

    @Example
    void every_message_of_the_protocol_has_a_number() {
        assertThat(MESSAGES)
                .as("add a line to WireTypes for each of these")
                .allSatisfy(type -> assertThat(WireTypes.TABLE.values()).contains(type));
    }

    /** Classes may be added; a number that was given never means another class. */
    @Example
    void numbers_never_change() {
        SortedMap<Integer, String> given = new TreeMap<>();
        """
                20 PeerId, 21 Member, 22 Epoch, 23 MicrobatchId, 24 Replay, 25 Roster, 26 ReplayOrder, 60 Purpose,
                100 Enlisted, 101 TrainerEnlisted, 102 TrainerFinished, 103 Tally, 104 Averaged, 105 Applied, 106 Kept,
                107 NotKept, 108 Superseded, 200 Enlist, 201 Orphans, 202 CloseStep, 203 GradientWanted, 204 Average,
                205 Commit, 206 Cancel, 207 ServeState, 208 WhoHas, 300 EnlistTrainer, 301 Done, 302 Held, 400 Keep,
                500 OpenStep, 501 RosterChanged, 502 ReplayOrders""".replace("\n", " ").transform(text -> List.of(text.split(",\\s*"))).forEach(line -> given.put(
                Integer.valueOf(line.substring(0, line.indexOf(' '))), line.substring(line.indexOf(' ') + 1)));
        assertThat(given).hasSize(33);
        WireTypes.TABLE.forEach((id, type) -> assertThat(type.getSimpleName())
                .as("number %d", id)
                .isEqualTo(given.getOrDefault(id, type.getSimpleName())));
        assertThat(Purpose.values()).startsWith(Purpose.TRAIN, Purpose.EVALUATE);
    }

    /** Written down by hand: version, number, sender, receiver, then 7 and -1 as zigzag, a digest. */
    @Example
    void the_bytes_of_a_message_are_these() {
        byte[] bytes = codec.encode(new Envelope(
                Member.of("a", 1), Member.of("b", 2), new CoordinatorMessage.Applied(new Epoch(7, -1), 300, "xy")));

        assertThat(bytes).containsExactly(1, 105, 1, 'a', 2, 1, 'b', 4, 14, 1, 0xD8, 4, 2, 'x', 'y');
    }

    @Property(tries = 2000)
    void what_is_encoded_comes_back_and_equal_messages_give_equal_bytes(
            @ForAll("messages") Class<?> type, @ForAll long seed) {
        Envelope message = new GeneratedMessages(seed).envelope(type);
        Envelope again = new GeneratedMessages(seed).envelope(type);

        byte[] bytes = codec.encode(message);
        Envelope back = codec.decode(bytes);

        assertThat(codec.encode(again)).isEqualTo(bytes);
        assertThat(codec.encode(back)).isEqualTo(bytes);
        assertThat(back.message()).isExactlyInstanceOf(type).isEqualTo(message.message());
        assertThat(back).isEqualTo(message);
    }

    @Property(tries = 300)
    void whatever_is_cut_short_or_goes_on_too_long_is_refused(@ForAll("messages") Class<?> type, @ForAll long seed) {
        byte[] bytes = codec.encode(new GeneratedMessages(seed).envelope(type));
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> codec.decode(cut)).isInstanceOf(ProtocolException.class);
        }
        assertThatThrownBy(() -> codec.decode(Arrays.copyOf(bytes, bytes.length + 1)))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("1 bytes that mean nothing");
    }

    /** Any changed byte is another message or none at all, never anything else. */
    @Property(tries = 2000)
    void damaged_messages_are_refused_or_are_other_messages(@ForAll("messages") Class<?> type, @ForAll long seed) {
        byte[] bytes = codec.encode(new GeneratedMessages(seed).envelope(type));
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = random.nextInt(1, 6); i > 0; i--) {
            bytes[random.nextInt(1, bytes.length)] = (byte) random.nextInt(256);
        }
        decodesOrRefuses(bytes);
    }

    @Property(tries = 2000)
    void random_bytes_are_refused_or_are_messages(@ForAll byte[] tail, @ForAll("messages") Class<?> type) {
        try (Output output = new Output(16, -1)) {
            output.writeByte(ControlCodec.PROTOCOL_VERSION);
            output.writeVarInt(WireSchema.PROTOCOL.id(type), true);
            output.writeBytes(tail);
            decodesOrRefuses(output.toBytes());
        }
        decodesOrRefuses(tail);
    }

    private void decodesOrRefuses(byte[] bytes) {
        Envelope decoded;
        try {
            decoded = codec.decode(bytes);
        } catch (ProtocolException e) {
            assertThat(e).hasMessageMatching("(?s).+");
            return;
        }
        assertThat(codec.decode(codec.encode(decoded))).isEqualTo(decoded);
    }

    /** A few bytes that claim to be followed by two billion things: nothing is made for them. */
    @Example
    void a_claimed_length_is_checked_before_room_is_made() {
        for (Class<?> type : List.of(ShardMessage.Orphans.class, CoordinatorMessage.Kept.class)) {
            try (Output output = new Output(64)) {
                output.writeByte(ControlCodec.PROTOCOL_VERSION);
                output.writeVarInt(WireSchema.PROTOCOL.id(type), true);
                if (type == ShardMessage.Orphans.class) {
                    output.writeBytes(new byte[] {1, 'a', 2, 1, 'b', 2});
                }
                output.writeVarInt(Integer.MAX_VALUE, true);
                byte[] bytes = output.toBytes();
                assertThatThrownBy(() -> codec.decode(bytes))
                        .isInstanceOf(ProtocolException.class)
                        .hasMessage("a length of 2147483647 with 0 bytes left, each at least "
                                + (type == ShardMessage.Orphans.class ? 3 : 1));
            }
        }
    }

    @Example
    void other_versions_classes_that_are_no_messages_and_unknown_numbers_are_refused() {
        assertThatThrownBy(() -> codec.decode(new byte[] {2, 105}))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("expected protocol version 1, got 2");
        for (byte id : new byte[] {0, 4, 21, 99}) {
            assertThatThrownBy(() -> codec.decode(new byte[] {1, id}))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessage("expected the number of a control message, got " + id);
        }
    }

    @Example
    void keys_that_do_not_ascend_constants_and_flags_that_are_none_are_refused() {
        byte[] finished = codec.encode(new Envelope(
                Member.of("a", 1),
                Member.of("b", 2),
                new CoordinatorMessage.TrainerFinished(
                        Epoch.NONE, Purpose.TRAIN, 0, new TreeMap<>(java.util.Map.of(1, 0.5, 2, 0.5)))));
        int purpose = 10;
        int firstKey = 13;
        assertThat(finished[firstKey]).isEqualTo((byte) 2);
        finished[firstKey] = 4;
        assertThatThrownBy(() -> codec.decode(finished))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("keys have to ascend, got 2 after 2");
        finished[purpose] = 2;
        assertThatThrownBy(() -> codec.decode(finished))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("expected one of the 2 constants of Purpose, got number 2");
        byte[] close = codec.encode(
                new Envelope(Member.of("a", 1), Member.of("b", 2), new ShardMessage.CloseStep(Epoch.NONE, 1, 1, true)));
        close[close.length - 1] = 2;
        assertThatThrownBy(() -> codec.decode(close))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("expected yes (1) or no (0), got 2");
    }

    @Example
    void a_message_that_is_too_long_is_refused_at_both_ends() {
        List<Integer> indices = IntStream.range(0, 40_000).boxed().toList();
        Envelope message = new Envelope(A, B, new CoordinatorMessage.Tally(Epoch.NONE, 1, 1, indices));

        assertThatThrownBy(() -> codec.encode(message))
                .isInstanceOf(ProtocolException.class)
                .hasMessageStartingWith(
                        "a control message has at most 32768 bytes, Tally from a:shard#1000000 to b:coordinator#2000001 has ")
                .hasMessageMatching(".* 1\\d{5}");
        assertThatThrownBy(() -> codec.decode(new byte[ControlCodec.MAX_BYTES + 1]))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("a control message has at most 32768 bytes, got 32769");
    }

    @Example
    void a_roster_of_a_thousand_members_fits() {
        List<List<Member>> stages = IntStream.range(0, 10)
                .mapToObj(stage -> IntStream.range(0, 100)
                        .mapToObj(i -> Member.of("eu-west-" + (100 * stage + i) + ":shard", 3_000_002))
                        .toList())
                .toList();
        Roster roster = new Roster(new Epoch(3, 1000), stages, List.of(A));
        MemberMessage open =
                new MemberMessage.OpenStep(roster, List.of(A), Purpose.TRAIN, 1_000_000, 512, false, 1_000_000);

        assertThat(codec.decode(codec.encode(new Envelope(B, A, open))).message())
                .isEqualTo(open);
    }

    @Example
    void a_null_and_half_a_surrogate_pair_cannot_be_sent() {
        assertThatThrownBy(() -> codec.encode(new Envelope(A, B, new CoordinatorMessage.NotKept(1, null))))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("NotKept.reason is null and cannot be sent");
        assertThatThrownBy(() -> codec.encode(new Envelope(A, B, new CoordinatorMessage.NotKept(1, "\ud83d"))))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("a text with half a surrogate pair cannot be sent");
    }

    @Example
    void a_record_whose_parts_have_no_number_is_named() {
        assertThatThrownBy(() -> new WireSchema(new TreeMap<>(java.util.Map.of(21, Member.class))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("io.murmuration.actors.protocol.PeerId travels in")
                .hasMessageContaining("add a line there");
    }

    @Example
    void the_order_of_a_map_that_was_sorted_another_way_does_not_matter() {
        SortedMap<Integer, Double> backwards = new TreeMap<>(Collections.reverseOrder());
        backwards.put(1, 0.5);
        backwards.put(2, 0.25);
        SortedMap<Integer, Double> forwards = backwards.entrySet().stream()
                .collect(Collectors.toMap(e -> e.getKey(), e -> e.getValue(), (x, y) -> x, TreeMap::new));

        assertThat(codec.encode(new Envelope(
                        A, B, new CoordinatorMessage.TrainerFinished(Epoch.NONE, Purpose.TRAIN, 1, backwards))))
                .isEqualTo(codec.encode(new Envelope(
                        A, B, new CoordinatorMessage.TrainerFinished(Epoch.NONE, Purpose.TRAIN, 1, forwards))));
    }
}
