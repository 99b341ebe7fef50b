package io.murmuration.actors.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.ScriptedPorts;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.TransferMessage;
import io.murmuration.actors.routing.AdaptiveDeadline;
import io.murmuration.actors.transfer.TransferSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A shard that comes to stage 1 when the run is at version 7; its donors are played by the test. */
final class ShardJoinTest {

    private static final ActorTestKit KIT = ActorTestKit.create(ManualTime.config());
    private static final ManualTime TIME = ManualTime.get(KIT.system());
    private static final Member COORDINATOR = Member.of("coordinator", 1);
    private static final Member SELF = Member.of("self", 2);
    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);
    private static final Epoch EPOCH = new Epoch(2, 5);
    private static final Duration DEADLINE = Duration.ofSeconds(2);
    private static final int QUEUE = 400;

    private final ScriptedPorts ports = new ScriptedPorts();
    private ActorRef<Shard.Message> shard;

    @AfterAll
    static void stopAll() {
        KIT.shutdownTestKit();
    }

    @BeforeEach
    void start() throws InterruptedException {
        var settings = new ShardSettings(
                "run",
                3,
                1,
                new AdaptiveDeadline.Settings(DEADLINE.toNanos(), DEADLINE.toNanos(), 4),
                Duration.ofMillis(10),
                Duration.ofMillis(200),
                4,
                8,
                new TransferSettings("run", 1024, 1, 3, DEADLINE, Duration.ofMillis(10), Duration.ofSeconds(30)),
                QUEUE,
                Optional.empty());
        shard = KIT.spawn(Shard.create(ports.ports(), SELF, settings));
        enlist(7, A, B);
        for (Member donor : List.of(A, B)) {
            var wanted = ports.sentTo(TransferMessage.ManifestWanted.class);
            assertThat(wanted.to()).isEqualTo(donor);
            assertThat(wanted.message()).isEqualTo(new TransferMessage.ManifestWanted(1, 7));
        }
    }

    @AfterEach
    void stop() {
        KIT.stop(shard);
    }

    private void tell(ShardMessage message) throws InterruptedException {
        ports.tell(COORDINATOR, SELF, message);
    }

    private void enlist(long version, Member... donors) throws InterruptedException {
        tell(new ShardMessage.Enlist(EPOCH, EPOCH, 1, version, List.of(donors)));
    }

    private DataPlane.Outcome deliver(DataFrame frame) throws InterruptedException {
        return ScriptedPorts.outcome(ports.deliver(frame, SELF));
    }

    private void manifest(Member donor, long version) throws InterruptedException {
        var frame =
                new DataFrame.StateManifest(new Route("run", donor, SELF), 1, version, ScriptedPorts.MANIFEST.encode());
        assertThat(deliver(frame)).isInstanceOf(DataPlane.Accepted.class);
    }

    private DataPlane.Outcome chunk(Member donor, int index, Payload payload) throws InterruptedException {
        return deliver(new DataFrame.StateChunk(new Route("run", donor, SELF), 1, 7, index, payload));
    }

    private void restore() throws InterruptedException {
        manifest(A, 7);
        manifest(B, 7);
        chunk(A, 0, ScriptedPorts.chunk(0));
        chunk(B, 1, ScriptedPorts.chunk(1));
    }

    /** Part 0 of the average belongs to A, part 1 to B. */
    private DataPlane.Outcome part(long step, long round, int part, int bytes) throws InterruptedException {
        return deliver(new DataFrame.AveragePart(
                new Route("run", part == 0 ? A : B, SELF),
                step,
                round,
                part,
                true,
                new Payload(new byte[bytes], bytes)));
    }

    private void follow(long step, long round) throws InterruptedException {
        tell(new ShardMessage.Follow(EPOCH, step, round, List.of(A, B), 2.0));
    }

    private void pass(Duration time) {
        ports.now.addAndGet(time.toNanos());
        TIME.timePasses(time);
    }

    @Test
    void chunks_come_from_both_donors_and_the_digest_is_told_when_all_are_written() throws Exception {
        restore();
        var first = ports.sentTo(TransferMessage.ChunksWanted.class);
        var second = ports.sentTo(TransferMessage.ChunksWanted.class);
        assertThat(List.of(first.to(), second.to())).containsExactly(A, B);
        assertThat(ports.task(Compute.WriteChunk.class).index()).isEqualTo(0);
        assertThat(ports.task(Compute.WriteChunk.class).index()).isEqualTo(1);
        assertThat(ports.sent(CoordinatorMessage.Enlisted.class))
                .isEqualTo(new CoordinatorMessage.Enlisted(EPOCH, 1, 7, "digest"));
        enlist(7, A, B);
        assertThat(ports.sent(CoordinatorMessage.Enlisted.class))
                .as("asked again")
                .isEqualTo(new CoordinatorMessage.Enlisted(EPOCH, 1, 7, "digest"));
    }

    @Test
    void a_wrong_chunk_is_not_written_its_donor_is_reported_and_the_other_serves_it() throws Exception {
        manifest(A, 7);
        manifest(B, 7);
        chunk(A, 0, new Payload(new byte[] {9, 9}, 2));
        assertThat(ports.sent(CoordinatorMessage.BadDonor.class).donor()).isEqualTo(A);
        chunk(B, 1, ScriptedPorts.chunk(1));
        assertThat(ports.task(Compute.WriteChunk.class).index()).isEqualTo(1);
        chunk(B, 0, ScriptedPorts.chunk(0));
        assertThat(ports.task(Compute.WriteChunk.class).index()).isEqualTo(0);
        ports.sent(CoordinatorMessage.Enlisted.class);
    }

    @Test
    void averages_that_come_before_the_snapshot_is_there_are_applied_after_it_in_order() throws Exception {
        manifest(A, 7);
        manifest(B, 7);
        for (long step = 7; step <= 8; step++) {
            assertThat(part(step, 3, 0, 4)).isInstanceOf(DataPlane.Accepted.class);
            assertThat(part(step, 3, 1, 4)).isInstanceOf(DataPlane.Accepted.class);
        }
        follow(8, 3);
        follow(7, 3);
        chunk(A, 0, ScriptedPorts.chunk(0));
        chunk(B, 1, ScriptedPorts.chunk(1));
        ports.sent(CoordinatorMessage.Enlisted.class);
        for (long step = 7; step <= 8; step++) {
            assertThat(ports.task(Compute.Accept.class).offset()).isZero();
            assertThat(ports.task(Compute.Accept.class).offset()).isEqualTo(4);
            assertThat(ports.task(Compute.Apply.class)).isEqualTo(new Compute.Apply(step, 2.0));
            assertThat(ports.sent(CoordinatorMessage.Applied.class))
                    .isEqualTo(new CoordinatorMessage.Applied(EPOCH, step, "digest " + (step + 1)));
        }
        follow(7, 3);
        assertThat(ports.sent(CoordinatorMessage.Enlisted.class))
                .as("told of something long done, it says what it holds")
                .isEqualTo(new CoordinatorMessage.Enlisted(EPOCH, 1, 9, "digest 9"));
        Roster roster = new Roster(EPOCH.next(), List.of(List.of(), List.of(A, B, SELF), List.of()), List.of());
        tell(new MemberMessage.OpenStep(roster, List.of(), Purpose.TRAIN, 9, 4, false, 9));
        tell(new ShardMessage.CloseStep(EPOCH.next(), 9, 1, false));
        assertThat(ports.sent(CoordinatorMessage.Tally.class).step())
                .as("it takes part")
                .isEqualTo(9);
    }

    @Test
    void a_part_that_never_comes_ends_the_attempt_and_a_newer_snapshot_begins_another() throws Exception {
        restore();
        part(7, 3, 0, 4);
        follow(7, 3);
        ports.sent(CoordinatorMessage.Enlisted.class);
        // Asked again and answered: it has heard of the commit before time passes.
        enlist(7, A, B);
        ports.sent(CoordinatorMessage.Enlisted.class);
        pass(DEADLINE);
        CoordinatorMessage.JoinFailed failed = ports.sent(CoordinatorMessage.JoinFailed.class);
        assertThat(failed.version()).isEqualTo(7);
        assertThat(failed.donorsLacking()).isFalse();
        follow(8, 1);
        ports.sent(CoordinatorMessage.JoinFailed.class);
        enlist(9, A);
        assertThat(ports.sent(TransferMessage.ManifestWanted.class))
                .isEqualTo(new TransferMessage.ManifestWanted(1, 9));
    }

    @Test
    void parts_of_later_steps_do_not_hide_one_that_never_comes() throws Exception {
        restore();
        part(7, 3, 0, 4);
        follow(7, 3);
        ports.sent(CoordinatorMessage.Enlisted.class);
        enlist(7, A, B);
        ports.sent(CoordinatorMessage.Enlisted.class);
        pass(DEADLINE.dividedBy(2));
        part(8, 1, 0, 4);
        part(8, 1, 1, 4);
        pass(DEADLINE.dividedBy(2));
        assertThat(ports.sent(CoordinatorMessage.JoinFailed.class).version()).isEqualTo(7);
    }

    @Test
    void more_averages_than_fit_before_the_snapshot_is_there_end_the_attempt() throws Exception {
        manifest(A, 7);
        assertThat(part(7, 1, 0, QUEUE / 2)).isInstanceOf(DataPlane.Accepted.class);
        assertThat(part(7, 1, 1, QUEUE / 2)).isInstanceOf(DataPlane.Refused.class);
        assertThat(ports.sentTo(TransferMessage.Release.class).to())
                .as("donors need not keep it")
                .isEqualTo(A);
        assertThat(ports.sent(CoordinatorMessage.JoinFailed.class).reason()).contains(QUEUE + " bytes");
    }

    @Test
    void without_donors_it_says_so_and_goes_on_with_others_of_the_same_version() throws Exception {
        manifest(A, 7);
        ports.tell(B, SELF, new TransferMessage.NotServed(1, 7, "too late"));
        manifest(B, 7);
        chunk(A, 0, ScriptedPorts.chunk(0));
        for (Member donor : List.of(A, B)) {
            for (int refusal = 0; refusal < 3; refusal++) {
                ports.tell(donor, SELF, new TransferMessage.NotServed(1, 7, "gone"));
            }
        }
        assertThat(ports.sent(CoordinatorMessage.JoinFailed.class).donorsLacking())
                .isTrue();
        Member other = Member.of("other", 1);
        enlist(7, other);
        var wanted = ports.sentTo(TransferMessage.ManifestWanted.class);
        assertThat(wanted.to()).isEqualTo(other);
        manifest(other, 7);
        chunk(other, 1, ScriptedPorts.chunk(1));
        ports.sent(CoordinatorMessage.Enlisted.class);
    }

    @Test
    void another_stage_is_begun_anew() throws Exception {
        tell(new ShardMessage.Enlist(EPOCH, EPOCH, 2, 8, List.of(A)));
        assertThat(ports.task(Compute.Open.class)).isEqualTo(new Compute.Open(1, 7, false));
        assertThat(ports.task(Compute.Open.class)).isEqualTo(new Compute.Open(2, 8, false));
        assertThat(ports.sent(TransferMessage.ManifestWanted.class))
                .isEqualTo(new TransferMessage.ManifestWanted(2, 8));
    }
}
