package io.murmuration.actors.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.ScriptedPorts;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Route;
import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class KeeperTest {

    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final Member SELF = Member.of("keeper", 1);
    private static final Member COORDINATOR = Member.of("coordinator", 1);
    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);
    private static final KeeperMessage.Keep KEEP = new KeeperMessage.Keep(new Epoch(1, 3), 5, List.of(A, B));

    private final ScriptedPorts ports = new ScriptedPorts();

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    @BeforeEach
    void start() {
        KIT.spawn(Keeper.create(ports.ports(), SELF, "run", Duration.ofMillis(10)));
    }

    private DataPlane.Outcome chunk(Member donor, int stage, long version, int index) throws InterruptedException {
        var frame = new DataFrame.StateChunk(
                new Route("run", donor, SELF), stage, version, index, 2, new Payload(new byte[] {1}, 4));
        return ScriptedPorts.outcome(ports.deliver(frame, SELF));
    }

    private void everyChunk() throws InterruptedException {
        for (int index = 0; index < 2; index++) {
            assertThat(chunk(A, 0, 5, index)).isInstanceOf(DataPlane.Accepted.class);
            assertThat(chunk(B, 1, 5, index)).isInstanceOf(DataPlane.Accepted.class);
        }
    }

    @Test
    void a_checkpoint_is_made_when_all_chunks_of_all_stages_are_there_and_the_answer_is_repeated() throws Exception {
        ports.tell(COORDINATOR, SELF, KEEP);
        everyChunk();
        assertThat(ports.task(Compute.KeepCheckpoint.class)).isEqualTo(new Compute.KeepCheckpoint(5, 2));
        assertThat(ports.sent(CoordinatorMessage.Kept.class)).isEqualTo(new CoordinatorMessage.Kept(5));
        ports.tell(COORDINATOR, SELF, KEEP);
        assertThat(ports.sent(CoordinatorMessage.Kept.class)).isEqualTo(new CoordinatorMessage.Kept(5));
    }

    @Test
    void a_checkpoint_that_cannot_be_written_is_reported_with_the_reason() throws Exception {
        ports.fail(Compute.KeepCheckpoint.class);
        ports.tell(COORDINATOR, SELF, KEEP);
        everyChunk();
        assertThat(ports.sent(CoordinatorMessage.NotKept.class))
                .isEqualTo(new CoordinatorMessage.NotKept(5, "scripted failure"));
    }

    @Test
    void a_chunk_that_cannot_be_written_makes_the_checkpoint_fail_for_good() throws Exception {
        ports.fail(Compute.KeepChunk.class);
        ports.tell(COORDINATOR, SELF, KEEP);
        everyChunk();
        assertThat(ports.sent(CoordinatorMessage.NotKept.class).version()).isEqualTo(5);
        ports.tell(COORDINATOR, SELF, KEEP);
        assertThat(ports.sent(CoordinatorMessage.NotKept.class).version()).isEqualTo(5);
        assertThat(ports.anySent(CoordinatorMessage.Kept.class)).isFalse();
    }

    @Test
    void chunks_of_strangers_and_of_other_versions_are_refused() throws Exception {
        assertThat(chunk(A, 0, 5, 0)).isInstanceOf(DataPlane.Refused.class);
        ports.tell(COORDINATOR, SELF, KEEP);
        assertThat(chunk(Member.of("stranger", 1), 0, 5, 0)).isInstanceOf(DataPlane.Refused.class);
        assertThat(chunk(A, 0, 4, 0)).isInstanceOf(DataPlane.Refused.class);
        assertThat(chunk(A, 0, 5, 2)).isInstanceOf(DataPlane.Refused.class);
        assertThat(chunk(A, 7, 5, 0)).isInstanceOf(DataPlane.Refused.class);
    }

    @Test
    void an_order_of_a_lower_epoch_is_refused_and_its_sender_told() throws Exception {
        ports.tell(COORDINATOR, SELF, KEEP);
        ports.tell(COORDINATOR, SELF, new KeeperMessage.Keep(new Epoch(1, 2), 6, List.of(A, B)));
        assertThat(ports.sent(CoordinatorMessage.Superseded.class))
                .isEqualTo(new CoordinatorMessage.Superseded(new Epoch(1, 3), new Epoch(1, 2), COORDINATOR));
    }
}
