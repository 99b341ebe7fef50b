package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.ScriptedPorts;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.StartOverException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class HostTest {

    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final PeerId PEER = new PeerId("peer");

    private static final Host.Settings SETTINGS = new Host.Settings(1, 2, Duration.ofSeconds(10));

    private final ScriptedPorts ports = new ScriptedPorts();

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private Membership.Event next() throws InterruptedException {
        return ports.membershipEvents.poll(5, TimeUnit.SECONDS);
    }

    @Test
    void a_failing_peer_comes_back_as_a_new_incarnation_and_is_given_up_after_the_limit() throws Exception {
        TestProbe<RunEvent> events = KIT.createTestProbe();
        var failing = Host.Resident.of(
                PEER,
                Role.SHARD,
                member -> Behaviors.setup(context -> {
                    throw new IllegalStateException("broken " + member);
                }),
                "leave");
        KIT.spawn(Host.create(ports.ports().membership(), List.of(failing), SETTINGS, events.ref()::tell));
        for (int incarnation = 1; incarnation <= 3; incarnation++) {
            Member member = new Member(PEER, incarnation);
            assertThat(next()).isEqualTo(new Membership.Joined(member, Role.SHARD));
            assertThat(next()).isInstanceOfSatisfying(Membership.Removed.class, removed -> {
                assertThat(removed.member()).isEqualTo(member);
                assertThat(removed.reason()).contains("broken " + member);
            });
        }
        RunEvent.GivenUp givenUp = events.expectMessageClass(RunEvent.GivenUp.class);
        assertThat(givenUp.member()).isEqualTo(new Member(PEER, 3));
        assertThat(givenUp.reason()).contains("broken");
        assertThat(ports.membershipEvents).isEmpty();
    }

    @Test
    void a_killed_peer_comes_back_and_the_others_stay() throws Exception {
        TestProbe<RunEvent> events = KIT.createTestProbe();
        var peer = Host.Resident.of(PEER, Role.SHARD, member -> Behaviors.<String>empty(), "leave");
        var other = Host.Resident.of(new PeerId("other"), Role.TRAINER, member -> Behaviors.<String>empty(), "leave");
        var host =
                KIT.spawn(Host.create(ports.ports().membership(), List.of(peer, other), SETTINGS, events.ref()::tell));
        assertThat(next()).isEqualTo(new Membership.Joined(new Member(PEER, 1), Role.SHARD));
        assertThat(next()).isEqualTo(new Membership.Joined(Member.of("other", 1), Role.TRAINER));
        host.tell(new Host.Kill(PEER));
        assertThat(next()).isEqualTo(new Membership.Removed(new Member(PEER, 1), "stopped"));
        assertThat(next()).isEqualTo(new Membership.Joined(new Member(PEER, 2), Role.SHARD));
        assertThat(ports.membershipEvents).isEmpty();
    }

    @Test
    void who_is_told_to_start_over_comes_back_however_often() throws Exception {
        TestProbe<RunEvent> events = KIT.createTestProbe();
        var obedient = Host.Resident.of(
                PEER,
                Role.SHARD,
                member -> Behaviors.<String>setup(context -> {
                    context.getSelf().tell("start over");
                    return Behaviors.receiveMessage(message -> {
                        if (member.incarnation() < 6) {
                            throw new StartOverException(member, false, "it lags");
                        }
                        return Behaviors.same();
                    });
                }),
                "leave");
        KIT.spawn(Host.create(ports.ports().membership(), List.of(obedient), SETTINGS, events.ref()::tell));
        for (int incarnation = 1; incarnation < 6; incarnation++) {
            assertThat(next()).isEqualTo(new Membership.Joined(new Member(PEER, incarnation), Role.SHARD));
            assertThat(next()).isInstanceOf(Membership.Removed.class);
        }
        assertThat(next()).isEqualTo(new Membership.Joined(new Member(PEER, 6), Role.SHARD));
        events.expectNoMessage();
    }

    @Test
    void a_node_that_leaves_waits_until_its_peers_have_gone_and_none_comes_back() throws Exception {
        TestProbe<String> asked = KIT.createTestProbe();
        var peer = Host.Resident.of(
                PEER,
                Role.SHARD,
                member -> Behaviors.receiveMessage(message -> {
                    asked.ref().tell(message);
                    return Behaviors.stopped();
                }),
                "please");
        var host = KIT.spawn(Host.create(ports.ports().membership(), List.of(peer), SETTINGS, event -> {}));
        assertThat(next()).isEqualTo(new Membership.Joined(new Member(PEER, 1), Role.SHARD));
        host.tell(Host.Command.LEAVE);
        asked.expectMessage("please");
        assertThat(next()).isEqualTo(new Membership.Removed(new Member(PEER, 1), "left"));
        asked.expectTerminated(host);
        assertThat(ports.membershipEvents).isEmpty();
    }

    @Test
    void a_peer_that_is_not_let_go_in_time_is_stopped() throws Exception {
        var peer = Host.Resident.of(PEER, Role.SHARD, member -> Behaviors.<String>ignore(), "please");
        var settings = new Host.Settings(1, 2, Duration.ofMillis(20));
        var host = KIT.spawn(Host.create(ports.ports().membership(), List.of(peer), settings, event -> {}));
        assertThat(next()).isEqualTo(new Membership.Joined(new Member(PEER, 1), Role.SHARD));
        host.tell(Host.Command.LEAVE);
        assertThat(next()).isEqualTo(new Membership.Removed(new Member(PEER, 1), "left without being let go"));
        KIT.createTestProbe().expectTerminated(host);
    }

    @Test
    void every_peer_has_restarts_of_its_own() {
        RestartPolicy policy = new RestartPolicy(1);
        assertThat(policy.failed(PEER)).isTrue();
        assertThat(policy.failed(PEER)).isFalse();
        assertThat(policy.failed(new PeerId("other"))).isTrue();
    }
}
