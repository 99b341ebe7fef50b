package io.murmuration.actors.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.ScriptedPorts;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Replay;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.protocol.TrainerMessage;
import io.murmuration.actors.routing.AdaptiveDeadline;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class TrainerTest {

    private static final ActorTestKit KIT = ActorTestKit.create(ManualTime.config());
    private static final Member COORDINATOR = Member.of("coordinator", 1);
    private static final Member SELF = Member.of("trainer", 1);
    private static final Member SHARD = Member.of("shard", 1);
    private static final Epoch EPOCH = new Epoch(2, 1);
    private static final Roster ROSTER = new Roster(EPOCH, List.of(List.of(SHARD)), List.of(SELF));

    private final ScriptedPorts ports = new ScriptedPorts();

    @AfterAll
    static void stopAll() {
        KIT.shutdownTestKit();
    }

    @BeforeEach
    void start() throws InterruptedException {
        var settings = new TrainerSettings(
                "run", 4, new AdaptiveDeadline.Settings(1000, 1000, 1), Duration.ofMillis(10), Duration.ofMillis(200));
        KIT.spawn(Trainer.create(ports.ports(), SELF, settings));
        ports.tell(COORDINATOR, SELF, new MemberMessage.TakeOver(EPOCH));
        assertThat(ports.sent(CoordinatorMessage.Promised.class))
                .isEqualTo(new CoordinatorMessage.Promised(EPOCH, Standing.OfTrainer.FRESH));
    }

    private void open(Purpose purpose, long step, boolean begun) throws InterruptedException {
        ports.tell(COORDINATOR, SELF, new MemberMessage.OpenStep(ROSTER, List.of(SELF), purpose, step, 2, begun, step));
    }

    private DataFrame.Forward pushed() throws InterruptedException {
        ScriptedPorts.Offer offer = ports.offer();
        offer.accept();
        return (DataFrame.Forward) offer.frame();
    }

    private void done(DataFrame.Forward frame, double loss) throws InterruptedException {
        ports.tell(SHARD, SELF, new TrainerMessage.Done(frame.id(), frame.attempt(), loss));
    }

    @Test
    void it_pushes_its_microbatches_and_reports_their_losses_and_again_when_asked_again() throws Exception {
        open(Purpose.TRAIN, 3, false);
        done(pushed(), 1.5);
        done(pushed(), 2.5);
        for (int asked = 0; asked < 2; asked++) {
            var finished = ports.sent(CoordinatorMessage.TrainerFinished.class);
            assertThat(finished.step()).isEqualTo(3);
            assertThat(finished.losses()).isEqualTo(Map.of(0, 1.5, 1, 2.5));
            open(Purpose.TRAIN, 3, true);
        }
    }

    @Test
    void coming_in_the_middle_it_asks_stage_0_before_it_sends() throws Exception {
        open(Purpose.TRAIN, 3, true);
        var who = ports.sent(ShardMessage.WhoHas.class);
        assertThat(who.indices()).containsExactly(0, 1);
        assertThat(ports.anyOffer()).isFalse();
        var held = new TrainerMessage.Held(
                EPOCH, Purpose.TRAIN, 3, new java.util.TreeMap<>(Map.of(0, 0.5)), List.of(), false);
        ports.tell(SHARD, SELF, held);
        DataFrame.Forward frame = pushed();
        assertThat(frame.id().index()).isEqualTo(1);
        done(frame, 1.0);
        assertThat(ports.sent(CoordinatorMessage.TrainerFinished.class).losses())
                .isEqualTo(Map.of(0, 0.5, 1, 1.0));
    }

    @Test
    void a_replay_is_sent_with_its_order_and_a_late_copy_of_an_older_step_changes_nothing() throws Exception {
        open(Purpose.TRAIN, 3, false);
        done(pushed(), 1.5);
        done(pushed(), 2.5);
        open(Purpose.EVALUATE, 3, false);
        Replay replay = new Replay(0, 0, List.of(0), Optional.of(Member.of("next", 1)));
        ports.tell(
                COORDINATOR,
                SELF,
                new MemberMessage.ReplayOrders(EPOCH, 3, 4, List.of(new MemberMessage.ReplayOrder(1, replay))));
        DataFrame.Forward again = pushed();
        assertThat(again.id().index()).isEqualTo(1);
        assertThat(again.replay()).contains(replay);
        assertThat(again.attempt()).as("no attempt number is used twice").isEqualTo(2);
    }

    @Test
    void an_order_of_a_lower_epoch_is_refused_and_its_sender_told() throws Exception {
        ports.tell(COORDINATOR, SELF, new MemberMessage.TakeOver(new Epoch(1, 9)));
        assertThat(ports.sent(CoordinatorMessage.Superseded.class).got()).isEqualTo(new Epoch(1, 9));
    }
}
