package io.murmuration.actors.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class SnapshotTest {

    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);
    private static final Member C = Member.of("c", 1);
    private static final Member JOINER = Member.of("joiner", 1);
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final TransferSettings SETTINGS =
            new TransferSettings("run", 10, 3, 4, Duration.ofSeconds(1), Duration.ofMillis(10), Duration.ofSeconds(5));

    private static String digest(int chunk) {
        return "%064x".formatted(chunk);
    }

    private static Manifest manifest(int chunks) {
        return new Manifest(
                10,
                chunks * 10L - 3,
                IntStream.range(0, chunks).mapToObj(SnapshotTest::digest).toList());
    }

    private static Manifest lie(int chunks) {
        return new Manifest(
                10,
                chunks * 10L - 3,
                IntStream.range(0, chunks).mapToObj(i -> digest(i + 7)).toList());
    }

    private static DataFrame.StateChunk chunk(Member from, int index, int chunks) {
        int size = manifest(chunks).size(index);
        return new DataFrame.StateChunk(new Route("run", from, JOINER), 1, 4, index, new Payload(new byte[size], size));
    }

    private static SnapshotReceiver receiver(Member... donors) {
        SnapshotReceiver receiver = new SnapshotReceiver(1, 4, SETTINGS);
        receiver.donors(List.of(donors));
        return receiver;
    }

    @Test
    void of_a_snapshot_of_which_only_a_part_is_wanted_only_the_chunks_of_that_part_are_asked() {
        SnapshotReceiver receiver = receiver(A);
        // Bytes 25 to 59: in chunks 2 to 5 of ten.
        receiver.only(25, 60);
        receiver.due(0);
        receiver.manifest(A, manifest(10));
        List<Integer> asked = new ArrayList<>();
        while (!receiver.complete()) {
            for (SnapshotReceiver.Request request : receiver.due(0)) {
                List<Integer> indices = ((SnapshotReceiver.ChunksRequest) request).indices();
                assertThat(indices).isNotEmpty();
                for (int index : indices) {
                    asked.add(index);
                    assertThat(receiver.take(chunk(A, index, 10))).isTrue();
                    receiver.checked(A, index, digest(index));
                }
            }
        }
        assertThat(asked).containsExactly(2, 3, 4, 5);
        assertThat(receiver.due(0)).isEmpty();
        assertThat(receiver.stuck()).isFalse();
    }

    /** What a donor is in a trial. */
    private enum Kind {
        GOOD,
        LOSES,
        CORRUPTS,
        DIES
    }

    @Property(tries = 500)
    void every_chunk_is_written_once_and_right_while_one_good_donor_is_left(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 60) int chunks,
            @ForAll @IntRange(min = 1, max = 4) int count) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<Member, Kind> donors = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            donors.put(Member.of("donor" + i, 1), Kind.values()[random.nextInt(Kind.values().length)]);
        }
        donors.put(Member.of("good", 1), Kind.GOOD);
        SnapshotReceiver receiver = receiver(donors.keySet().toArray(Member[]::new));
        List<DataFrame.StateChunk> onTheWay = new ArrayList<>();
        List<Integer> written = new ArrayList<>();
        long now = 0;
        for (int event = 0; event < 20_000 && !receiver.complete(); event++) {
            if (receiver.stuck()) {
                // Late answers made all of them silent: they are named again.
                receiver.donors(List.copyOf(donors.keySet()));
            }
            for (SnapshotReceiver.Request request : receiver.due(now)) {
                Kind kind = donors.get(request.donor());
                if (kind == Kind.DIES && random.nextInt(4) == 0 || kind == Kind.LOSES && random.nextInt(3) == 0) {
                    continue;
                }
                switch (request) {
                    case SnapshotReceiver.ManifestRequest(Member donor) -> receiver.manifest(donor, manifest(chunks));
                    case SnapshotReceiver.ChunksRequest(Member donor, List<Integer> indices) -> {
                        assertThat(indices).hasSizeBetween(1, SETTINGS.window());
                        indices.forEach(index -> onTheWay.add(chunk(donor, index, chunks)));
                    }
                }
            }
            assertThat(onTheWay).hasSizeLessThanOrEqualTo(20 * SETTINGS.window() * donors.size());
            if (onTheWay.isEmpty() || random.nextInt(5) == 0) {
                now = receiver.wake(now).orElse(now + 1);
                continue;
            }
            DataFrame.StateChunk arrives = onTheWay.remove(random.nextInt(onTheWay.size()));
            if (random.nextInt(10) == 0) {
                onTheWay.add(arrives);
            }
            Member from = arrives.route().from();
            if (receiver.refuse(arrives).isEmpty() && receiver.take(arrives)) {
                boolean corrupt = donors.get(from) == Kind.CORRUPTS && random.nextInt(3) == 0;
                boolean right = receiver.checked(from, arrives.index(), corrupt ? digest(99) : digest(arrives.index()));
                assertThat(right).isEqualTo(!corrupt);
                if (right) {
                    written.add(arrives.index());
                }
            }
        }
        assertThat(receiver.complete()).as("with %s", donors).isTrue();
        assertThat(written).doesNotHaveDuplicates().hasSize(chunks);
        assertThat(receiver.due(now)).isEmpty();
        assertThat(receiver.wake(now)).isEmpty();
        assertThat(receiver.takeBad())
                .allSatisfy(bad -> assertThat(donors.get(bad.donor())).isEqualTo(Kind.CORRUPTS));
    }

    @Test
    void nobody_waits_for_a_donor_that_is_gone() {
        SnapshotReceiver receiver = receiver(A, B);
        receiver.due(0);
        receiver.manifest(A, manifest(5));
        assertThat(receiver.due(1)).as("B has not answered").isEmpty();
        receiver.gone(B);
        assertThat(receiver.due(2)).containsExactly(new SnapshotReceiver.ChunksRequest(A, List.of(0, 1, 2)));
        receiver.gone(A);
        assertThat(receiver.stuck()).as("nobody is left").isTrue();
    }

    @Test
    void what_most_donors_say_is_believed_and_who_says_something_else_is_bad() {
        SnapshotReceiver receiver = receiver(A, B, C);
        receiver.due(0);
        receiver.manifest(A, lie(5));
        receiver.manifest(B, manifest(5));
        assertThat(receiver.due(1)).as("nothing before all have answered").isEmpty();
        receiver.manifest(C, manifest(5));
        assertThat(receiver.manifest()).contains(manifest(5));
        assertThat(receiver.takeBad()).extracting(SnapshotReceiver.Bad::donor).containsExactly(A);
        assertThat(receiver.due(2)).extracting(SnapshotReceiver.Request::donor).containsExactly(B, C);
        assertThat(receiver.refuse(chunk(A, 0, 5)).map(Refusal::reason)).contains(Refusal.Reason.INVALID);
    }

    @Test
    void a_donor_that_does_not_answer_is_not_waited_for_beyond_its_deadlines() {
        SnapshotReceiver receiver = receiver(A, B);
        receiver.due(0);
        receiver.manifest(A, manifest(5));
        long now = 0;
        int asked = 1;
        while (receiver.manifest().isEmpty()) {
            now = receiver.wake(now).orElseThrow();
            asked += (int) receiver.due(now).stream()
                    .filter(SnapshotReceiver.ManifestRequest.class::isInstance)
                    .count();
        }
        assertThat(asked)
                .as("once more within each deadline at most")
                .isBetween(SETTINGS.attempts(), 2 * SETTINGS.attempts());
        assertThat(now).isLessThan((SETTINGS.attempts() + 1) * SECOND);
        assertThat(receiver.takeBad()).as("silent is not bad").isEmpty();
    }

    @Test
    void a_donor_that_did_not_hear_the_request_for_its_manifest_is_asked_again_long_before_its_deadline() {
        TransferSettings patient = new TransferSettings(
                "run", 10, 2, 3, Duration.ofSeconds(10), Duration.ofMillis(10), Duration.ofSeconds(60));
        SnapshotReceiver receiver = new SnapshotReceiver(0, 1, patient);
        receiver.donors(List.of(A));
        List<Long> asked = new ArrayList<>();
        long now = 0;
        while (now < 10 * SECOND) {
            if (!receiver.due(now).isEmpty()) {
                asked.add(now / 1_000_000);
            }
            now = receiver.wake(now).orElseThrow();
        }
        assertThat(asked).containsExactly(0L, 640L, 1920L, 4480L, 9600L);
        assertThat(receiver.stuck()).isFalse();
    }

    @Test
    void when_all_donors_are_lost_what_is_there_is_kept_and_another_with_the_same_manifest_goes_on() {
        SnapshotReceiver receiver = receiver(A);
        receiver.due(0);
        receiver.manifest(A, manifest(4));
        receiver.due(0);
        for (int index = 0; index < 3; index++) {
            assertThat(receiver.take(chunk(A, index, 4))).isTrue();
            assertThat(receiver.checked(A, index, digest(index))).isTrue();
            assertThat(receiver.takeQuarter()).contains(index + 1);
            assertThat(receiver.takeQuarter()).isEmpty();
        }
        long now = 0;
        while (!receiver.stuck()) {
            receiver.due(now);
            now = receiver.wake(now).orElse(now);
        }
        receiver.donors(List.of(B));
        assertThat(receiver.stuck()).isFalse();
        assertThat(receiver.due(now)).containsExactly(new SnapshotReceiver.ManifestRequest(B));
        receiver.manifest(B, manifest(4));
        assertThat(receiver.due(now)).containsExactly(new SnapshotReceiver.ChunksRequest(B, List.of(3)));
        receiver.take(chunk(B, 3, 4));
        receiver.checked(B, 3, digest(3));
        assertThat(receiver.complete()).isTrue();
    }

    @Test
    void who_is_faster_serves_more() {
        SnapshotReceiver receiver = receiver(A, B);
        receiver.due(0);
        receiver.manifest(A, manifest(40));
        receiver.manifest(B, manifest(40));
        Map<Member, Integer> served = new LinkedHashMap<>();
        for (int round = 0; !receiver.complete(); round++) {
            for (SnapshotReceiver.Request request : receiver.due(round)) {
                served.merge(
                        request.donor(),
                        ((SnapshotReceiver.ChunksRequest) request).indices().size(),
                        Integer::sum);
            }
            // A answers at once, B only every fifth time.
            for (int index = 0; index < 40; index++) {
                for (Member donor : round % 5 == 0 ? List.of(A, B) : List.of(A)) {
                    if (receiver.take(chunk(donor, index, 40))) {
                        receiver.checked(donor, index, digest(index));
                    }
                }
            }
        }
        assertThat(served.get(A)).isGreaterThan(2 * served.get(B));
    }

    @Test
    void chunks_that_cannot_be_are_refused_before_anything_is_kept() {
        SnapshotReceiver receiver = receiver(A);
        assertThat(receiver.refuse(chunk(A, 0, 2)).map(Refusal::reason)).contains(Refusal.Reason.NOT_OPEN);
        receiver.due(0);
        receiver.manifest(A, manifest(2));
        assertThat(receiver.refuse(chunk(B, 0, 2)).map(Refusal::reason)).contains(Refusal.Reason.NOT_OPEN);
        Route route = new Route("run", A, JOINER);
        Payload ten = new Payload(new byte[10], 10);
        for (DataFrame.StateChunk bad : List.of(
                new DataFrame.StateChunk(route, 1, 4, 2, ten),
                new DataFrame.StateChunk(route, 1, 4, -1, ten),
                new DataFrame.StateChunk(route, 1, 4, 1, ten))) {
            assertThat(receiver.refuse(bad).map(Refusal::reason)).contains(Refusal.Reason.INVALID);
        }
        assertThat(receiver.refuse(new DataFrame.StateChunk(route, 0, 4, 0, ten))
                        .map(Refusal::reason))
                .contains(Refusal.Reason.NOT_OPEN);
        assertThat(receiver.refuse(new DataFrame.StateChunk(route, 1, 5, 0, ten))
                        .map(Refusal::reason))
                .contains(Refusal.Reason.NOT_OPEN);
        assertThat(receiver.take(chunk(A, 0, 2))).as("not asked for").isFalse();
    }

    @Test
    void a_manifest_travels_and_a_lie_about_its_size_is_found() {
        assertThat(Manifest.decode(manifest(5).encode())).isEqualTo(manifest(5));
        byte[] bytes = manifest(5).encode().bytes();
        bytes[11] += 40;
        assertThatThrownBy(() -> Manifest.decode(new Payload(bytes, 0))).isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> Manifest.decode(new Payload(new byte[13], 0))).isInstanceOf(ProtocolException.class);
    }

    @Test
    void a_donor_owes_one_receiver_no_more_than_a_window_and_gives_up_who_refuses_all_the_time() {
        SnapshotSender sender = new SnapshotSender(1, 4, manifest(9), SETTINGS, List.of(JOINER, A), 0);
        assertThat(sender.serves(B, 0)).isFalse();
        assertThat(sender.serves(JOINER, 0)).isTrue();
        sender.wanted(JOINER, List.of(0, 1, 2, 3, 4, 9, -1), 0);
        List<SnapshotSender.Due> due = sender.due();
        assertThat(due).extracting(SnapshotSender.Due::index).containsExactly(0, 1, 2);
        assertThat(sender.due()).isEmpty();
        sender.delivered(due.getFirst());
        sender.wanted(JOINER, List.of(5), 0);
        assertThat(sender.due()).extracting(SnapshotSender.Due::index).containsExactly(5);
        for (int attempt = 1; attempt < SETTINGS.attempts(); attempt++) {
            sender.refused(due.get(1), false);
            assertThat(sender.due()).containsExactly(due.get(1));
        }
        sender.refused(due.get(1), false);
        assertThat(sender.due()).isEmpty();
    }

    @Test
    void who_asks_for_more_before_the_donor_knows_what_was_taken_is_served_as_soon_as_it_knows() {
        SnapshotSender sender = new SnapshotSender(1, 4, manifest(9), SETTINGS, List.of(JOINER), 0);
        sender.wanted(JOINER, List.of(0, 1, 2), 0);
        List<SnapshotSender.Due> first = sender.due();
        sender.wanted(JOINER, List.of(3), 0);
        assertThat(sender.due()).isEmpty();
        sender.delivered(first.getFirst());
        assertThat(sender.due()).extracting(SnapshotSender.Due::index).containsExactly(3);
    }

    @Test
    void a_copy_is_let_go_when_all_have_it_or_nobody_asks() {
        SnapshotSender sender = new SnapshotSender(1, 4, manifest(9), SETTINGS, List.of(JOINER, A), 0);
        sender.released(JOINER);
        assertThat(sender.over(SECOND)).isFalse();
        sender.wanted(A, List.of(0), 4 * SECOND);
        assertThat(sender.over(8 * SECOND)).isFalse();
        assertThat(sender.over(sender.overAt())).isTrue();
        sender.released(A);
        assertThat(sender.over(5 * SECOND)).isTrue();
    }
}
