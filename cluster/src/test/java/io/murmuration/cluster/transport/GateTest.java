package io.murmuration.cluster.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.DataFrame.Traffic;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Who may connect. */
final class GateTest {

    private static final byte[] NONCE = new byte[Handshake.NONCE_BYTES];

    private final Marks marks = new Marks(Duration.ofSeconds(1), Duration.ofSeconds(4), 3);
    private final Gate gate = new Gate(new NodeIdentity("beta", 3, "run-1", 1), marks, 3);

    private Optional<Rejection.Reason> reason(NodeIdentity from, String to, byte[] nonce, Optional<Set<String>> names) {
        Handshake.Hello said = new Handshake.Hello(from, to, Traffic.FORWARD, nonce);
        Handshake.Hello heard = Handshake.Hello.of(said.body(), 1);
        return gate.reject(heard, NONCE, names, 0).map(Rejection::reason);
    }

    private Optional<Rejection.Reason> reason(String node, long life, String run, int protocol) {
        return reason(new NodeIdentity(node, life, run, protocol), "beta", NONCE, Optional.empty());
    }

    @Example
    void who_is_of_the_cluster_is_taken_and_everybody_else_is_told_why_not() {
        assertThat(reason("alpha", 5, "run-1", 1)).isEmpty();
        assertThat(reason("alpha", 5, "run-1", 2)).contains(Rejection.Reason.PROTOCOL);
        assertThat(reason("alpha", 5, "run-2", 1)).contains(Rejection.Reason.RUN);
        assertThat(reason("", 5, "run-1", 1)).contains(Rejection.Reason.NODE);
        assertThat(reason("al pha\n", 5, "run-1", 1)).contains(Rejection.Reason.NODE);
        NodeIdentity alpha = new NodeIdentity("alpha", 5, "run-1", 1);
        assertThat(reason(alpha, "gamma", NONCE, Optional.empty())).contains(Rejection.Reason.NODE);
        byte[] other = NONCE.clone();
        Arrays.fill(other, (byte) 1);
        assertThat(reason(alpha, "beta", other, Optional.empty())).contains(Rejection.Reason.REPLAY);
        assertThat(reason(alpha, "beta", NONCE, Optional.of(Set.of("alpha")))).isEmpty();
        assertThat(reason(alpha, "beta", NONCE, Optional.of(Set.of("gamma")))).contains(Rejection.Reason.CERTIFICATE);
        assertThat(reason(alpha, "beta", NONCE, Optional.of(Set.of()))).contains(Rejection.Reason.CERTIFICATE);
    }

    @Example
    void both_versions_are_named() {
        Handshake.Hello hello =
                new Handshake.Hello(new NodeIdentity("alpha", 1, "run-1", 2), "beta", Traffic.BULK, NONCE);
        assertThat(gate.reject(Handshake.Hello.of(hello.body(), 1), NONCE, Optional.empty(), 0)
                        .orElseThrow()
                        .detail())
                .isEqualTo("node beta speaks protocol 1, got 2");
    }

    @Example
    void an_earlier_life_is_turned_away_and_a_later_one_taken() {
        assertThat(reason("alpha", 5, "run-1", 1)).isEmpty();
        assertThat(reason("alpha", 4, "run-1", 1)).contains(Rejection.Reason.LIFE);
        assertThat(reason("alpha", 6, "run-1", 1)).isEmpty();
        assertThat(reason("alpha", 5, "run-1", 1)).contains(Rejection.Reason.LIFE);
    }

    @Example
    void who_was_marked_is_kept_out_for_a_while_that_doubles_and_is_bounded() {
        long second = 1_000_000_000;
        marks.mark("alpha", 0);
        assertThat(reason("alpha", 5, "run-1", 1)).contains(Rejection.Reason.MARKED);
        assertThat(marks.left("alpha", second / 2)).isEqualTo(second / 2);
        assertThat(marks.left("alpha", second)).isZero();
        assertThat(marks.left("gamma", 0)).isZero();
        marks.mark("alpha", second);
        assertThat(marks.left("alpha", second)).isEqualTo(2 * second);
        marks.mark("alpha", 3 * second);
        marks.mark("alpha", 7 * second);
        marks.mark("alpha", 11 * second);
        assertThat(marks.left("alpha", 11 * second)).isEqualTo(4 * second);
        marks.mark("alpha", 100 * second);
        assertThat(marks.left("alpha", 100 * second)).as("long forgotten").isEqualTo(second);
    }

    @Property
    void only_so_many_marks_are_remembered(@ForAll @IntRange(min = 4, max = 50) int peers) {
        Marks bounded = new Marks(Duration.ofSeconds(1), Duration.ofSeconds(4), 3);
        for (int i = 0; i < peers; i++) {
            bounded.mark("node-" + i, i);
        }
        for (int i = 0; i < peers; i++) {
            assertThat(bounded.left("node-" + i, peers) > 0).isEqualTo(i >= peers - 3);
        }
    }
}
