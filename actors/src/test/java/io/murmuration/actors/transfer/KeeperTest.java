package io.murmuration.actors.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.ScriptedPorts;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.protocol.TransferMessage;
import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class KeeperTest {

    private static final ActorTestKit KIT = ActorTestKit.create(ManualTime.config());
    private static final ManualTime TIME = ManualTime.get(KIT.system());
    private static final Member SELF = Member.of("keeper", 1);
    private static final Member COORDINATOR = Member.of("coordinator", 1);
    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);
    private static final Member JOINER = Member.of("joiner", 1);
    private static final Epoch EPOCH = new Epoch(1, 3);
    private static final Duration PIN_WAIT = Duration.ofSeconds(30);
    private static final KeeperMessage.Keep KEEP = new KeeperMessage.Keep(EPOCH, 5, List.of(List.of(A), List.of(B)));

    private final ScriptedPorts ports = new ScriptedPorts();
    private ActorRef<Keeper.Message> keeper;

    @AfterAll
    static void stopAll() {
        KIT.shutdownTestKit();
    }

    @BeforeEach
    void start() {
        var settings = new TransferSettings("run", 1024, 2, 2, Duration.ofSeconds(2), Duration.ofMillis(10), PIN_WAIT);
        keeper = KIT.spawn(Keeper.create(ports.ports(), SELF, settings));
    }

    @AfterEach
    void stop() {
        KIT.stop(keeper);
    }

    private DataPlane.Outcome deliver(DataFrame frame) throws InterruptedException {
        return ScriptedPorts.outcome(ports.deliver(frame, SELF));
    }

    private DataPlane.Outcome manifest(Member donor, int stage, long version, Manifest manifest)
            throws InterruptedException {
        return deliver(new DataFrame.StateManifest(new Route("run", donor, SELF), stage, version, manifest.encode()));
    }

    private DataPlane.Outcome chunk(Member donor, int stage, int index, Payload payload) throws InterruptedException {
        return deliver(new DataFrame.StateChunk(new Route("run", donor, SELF), stage, 5, index, payload));
    }

    private void takeManifests() throws InterruptedException {
        ports.tell(COORDINATOR, SELF, KEEP);
        assertThat(ports.sentTo(TransferMessage.ManifestWanted.class)).isEqualTo(wanted(A, 0));
        assertThat(ports.sentTo(TransferMessage.ManifestWanted.class)).isEqualTo(wanted(B, 1));
        manifest(A, 0, 5, ScriptedPorts.MANIFEST);
        assertThat(ports.sent(TransferMessage.ChunksWanted.class))
                .isEqualTo(new TransferMessage.ChunksWanted(0, 5, List.of(0, 1)));
        manifest(B, 1, 5, ScriptedPorts.MANIFEST);
        assertThat(ports.sent(TransferMessage.ChunksWanted.class))
                .isEqualTo(new TransferMessage.ChunksWanted(1, 5, List.of(0, 1)));
    }

    private static Envelope wanted(Member donor, int stage) {
        return new Envelope(SELF, donor, new TransferMessage.ManifestWanted(stage, 5));
    }

    private void everyChunk() throws InterruptedException {
        for (int index = 0; index < 2; index++) {
            assertThat(chunk(A, 0, index, ScriptedPorts.chunk(index))).isInstanceOf(DataPlane.Accepted.class);
            assertThat(chunk(B, 1, index, ScriptedPorts.chunk(index))).isInstanceOf(DataPlane.Accepted.class);
        }
    }

    @Test
    void a_checkpoint_is_made_when_all_chunks_of_all_stages_are_there_and_the_answer_is_repeated() throws Exception {
        takeManifests();
        everyChunk();
        assertThat(ports.task(Compute.KeepCheckpoint.class)).isEqualTo(new Compute.KeepCheckpoint(5, 2));
        assertThat(ports.sent(CoordinatorMessage.Kept.class)).isEqualTo(new CoordinatorMessage.Kept(5));
        ports.tell(COORDINATOR, SELF, KEEP);
        assertThat(ports.sent(CoordinatorMessage.Kept.class)).isEqualTo(new CoordinatorMessage.Kept(5));
    }

    @Test
    void after_a_promise_nothing_that_was_kept_before_is_taken_for_what_is_to_be_kept_now() throws Exception {
        takeManifests();
        everyChunk();
        ports.sent(CoordinatorMessage.Kept.class);
        ports.tell(COORDINATOR, SELF, new MemberMessage.TakeOver(EPOCH));
        ports.sent(CoordinatorMessage.Promised.class);
        takeManifests();
        everyChunk();
        assertThat(ports.sent(CoordinatorMessage.Kept.class)).isEqualTo(new CoordinatorMessage.Kept(5));
    }

    @Test
    void donors_are_told_that_nothing_more_is_needed() throws Exception {
        takeManifests();
        everyChunk();
        assertThat(ports.sentTo(TransferMessage.Release.class))
                .isEqualTo(new Envelope(SELF, A, new TransferMessage.Release(0, 5)));
        assertThat(ports.sentTo(TransferMessage.Release.class))
                .isEqualTo(new Envelope(SELF, B, new TransferMessage.Release(1, 5)));
    }

    @Test
    void a_checkpoint_that_cannot_be_written_is_reported_with_the_reason() throws Exception {
        ports.fail(Compute.KeepCheckpoint.class);
        takeManifests();
        everyChunk();
        assertThat(ports.sent(CoordinatorMessage.NotKept.class))
                .isEqualTo(new CoordinatorMessage.NotKept(5, "scripted failure"));
    }

    @Test
    void a_chunk_that_cannot_be_written_makes_the_checkpoint_fail_for_good() throws Exception {
        ports.fail(Compute.KeepChunk.class);
        takeManifests();
        chunk(A, 0, 0, ScriptedPorts.chunk(0));
        assertThat(ports.sent(CoordinatorMessage.NotKept.class).version()).isEqualTo(5);
        ports.tell(COORDINATOR, SELF, KEEP);
        assertThat(ports.sent(CoordinatorMessage.NotKept.class).version()).isEqualTo(5);
        assertThat(ports.anySent(CoordinatorMessage.Kept.class)).isFalse();
    }

    @Test
    void a_chunk_that_is_not_what_the_manifest_says_is_never_written_and_its_donor_is_reported() throws Exception {
        takeManifests();
        assertThat(chunk(A, 0, 0, new Payload(new byte[] {9, 9}, 2))).isInstanceOf(DataPlane.Accepted.class);
        assertThat(ports.sent(CoordinatorMessage.BadDonor.class).donor()).isEqualTo(A);
        assertThat(ports.sent(CoordinatorMessage.JoinFailed.class).donorsLacking())
                .isTrue();
        assertThat(chunk(A, 0, 0, ScriptedPorts.chunk(0))).isInstanceOf(DataPlane.Refused.class);
        assertThat(chunk(B, 1, 1, ScriptedPorts.chunk(1))).isInstanceOf(DataPlane.Accepted.class);
        assertThat(ports.task(Compute.KeepChunk.class).stage()).isEqualTo(1);
    }

    @Test
    void another_donor_of_the_same_version_goes_on_where_the_lost_one_stopped() throws Exception {
        takeManifests();
        chunk(B, 1, 0, ScriptedPorts.chunk(0));
        chunk(B, 1, 1, ScriptedPorts.chunk(1));
        chunk(A, 0, 1, ScriptedPorts.chunk(1));
        for (int refusal = 0; refusal < 2; refusal++) {
            ports.tell(A, SELF, new TransferMessage.NotServed(0, 5, "gone"));
            ports.now.addAndGet(PIN_WAIT.toNanos());
            TIME.timePasses(PIN_WAIT);
        }
        ports.sent(CoordinatorMessage.JoinFailed.class);
        Member other = Member.of("other", 1);
        ports.tell(COORDINATOR, SELF, new KeeperMessage.Keep(EPOCH, 5, List.of(List.of(other), List.of(B))));
        assertThat(ports.sentTo(TransferMessage.ManifestWanted.class)).isEqualTo(wanted(other, 0));
        manifest(other, 0, 5, ScriptedPorts.MANIFEST);
        assertThat(ports.sent(TransferMessage.ChunksWanted.class))
                .isEqualTo(new TransferMessage.ChunksWanted(0, 5, List.of(0)));
        chunk(other, 0, 0, ScriptedPorts.chunk(0));
        assertThat(ports.sent(CoordinatorMessage.Kept.class)).isEqualTo(new CoordinatorMessage.Kept(5));
    }

    @Test
    void frames_nobody_asked_for_are_refused() throws Exception {
        assertThat(chunk(A, 0, 0, ScriptedPorts.chunk(0))).isInstanceOf(DataPlane.Refused.class);
        takeManifests();
        assertThat(chunk(Member.of("stranger", 1), 0, 0, ScriptedPorts.chunk(0)))
                .isInstanceOf(DataPlane.Refused.class);
        assertThat(manifest(A, 0, 4, ScriptedPorts.MANIFEST)).isInstanceOf(DataPlane.Refused.class);
        assertThat(chunk(A, 0, 2, ScriptedPorts.chunk(0))).isInstanceOf(DataPlane.Refused.class);
        assertThat(chunk(A, 7, 0, ScriptedPorts.chunk(0))).isInstanceOf(DataPlane.Refused.class);
    }

    @Test
    void an_order_of_a_lower_epoch_is_refused_and_its_sender_told() throws Exception {
        ports.tell(COORDINATOR, SELF, KEEP);
        ports.tell(COORDINATOR, SELF, new KeeperMessage.Keep(new Epoch(1, 2), 6, List.of(List.of(A), List.of(B))));
        assertThat(ports.sent(CoordinatorMessage.Superseded.class))
                .isEqualTo(new CoordinatorMessage.Superseded(EPOCH, new Epoch(1, 2), COORDINATOR));
    }

    // ---- as a donor -------------------------------------------------------------------------------------------

    @Test
    void what_is_stored_is_listed_and_served_to_whoever_asks_until_nobody_does() throws Exception {
        ports.tell(COORDINATOR, SELF, new MemberMessage.TakeOver(EPOCH));
        assertThat(ports.sent(CoordinatorMessage.Promised.class).standing())
                .isEqualTo(new Standing.OfKeeper(List.of(3L, 5L)));
        ports.tell(JOINER, SELF, new TransferMessage.ManifestWanted(1, 3));
        assertThat(ports.task(Compute.OpenStored.class)).isEqualTo(new Compute.OpenStored(1, 3, 1024));
        ScriptedPorts.Offer manifest = ports.offer();
        manifest.accept();
        assertThat(manifest.frame()).isInstanceOf(DataFrame.StateManifest.class);
        ports.tell(JOINER, SELF, new TransferMessage.ChunksWanted(1, 3, List.of(1)));
        assertThat(ports.task(Compute.ReadStored.class)).isEqualTo(new Compute.ReadStored(1, 1));
        ScriptedPorts.Offer chunk = ports.offer();
        chunk.accept();
        assertThat(((DataFrame.StateChunk) chunk.frame()).payload().bytes())
                .isEqualTo(ScriptedPorts.chunk(1).bytes());
        // Asked for something else: once that is answered, the timer of the copy runs.
        ports.tell(COORDINATOR, SELF, new MemberMessage.TakeOver(EPOCH));
        ports.sent(CoordinatorMessage.Promised.class);
        ports.now.addAndGet(PIN_WAIT.toNanos());
        TIME.timePasses(PIN_WAIT);
        assertThat(ports.task(Compute.CloseStored.class)).isEqualTo(new Compute.CloseStored(1));
    }

    @Test
    void a_damaged_checkpoint_is_reported_never_served_and_not_looked_at_again() throws Exception {
        ports.tell(COORDINATOR, SELF, new MemberMessage.TakeOver(EPOCH));
        ports.fail(Compute.OpenStored.class);
        for (int asked = 0; asked < 2; asked++) {
            ports.tell(JOINER, SELF, new TransferMessage.ManifestWanted(1, 5));
            assertThat(ports.sent(TransferMessage.NotServed.class).reason()).isEqualTo("scripted failure");
            assertThat(ports.sent(CoordinatorMessage.Unsound.class))
                    .isEqualTo(new CoordinatorMessage.Unsound(5, "scripted failure"));
        }
        ports.tell(COORDINATOR, SELF, new MemberMessage.TakeOver(EPOCH));
        assertThat(ports.sent(CoordinatorMessage.Promised.class).standing())
                .isEqualTo(new Standing.OfKeeper(List.of(3L)));
        ports.succeed(Compute.OpenStored.class);
        ports.tell(JOINER, SELF, new TransferMessage.ManifestWanted(1, 3));
        assertThat(ports.offer().frame()).isInstanceOf(DataFrame.StateManifest.class);
        assertThat(ports.task(Compute.OpenStored.class).version()).isEqualTo(5);
        assertThat(ports.task(Compute.OpenStored.class).version())
                .as("the older one is opened next, the damaged one not again")
                .isEqualTo(3);
    }
}
