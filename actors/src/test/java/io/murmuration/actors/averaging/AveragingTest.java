package io.murmuration.actors.averaging;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.averaging.AveragingPlan.Part;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.ScriptedPorts;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.junit.jupiter.api.Test;

final class AveragingTest {

    private static List<Member> members(int count) {
        return IntStream.range(0, count).mapToObj(i -> Member.of("m" + i, 1)).toList();
    }

    private static DataFrame.AveragePart frame(Member from, Member to, int part, boolean average) {
        byte[] bytes = {(byte) from.peer().name().charAt(1)};
        return new DataFrame.AveragePart(new Route("run", from, to), 1, 1, part, average, new Payload(bytes, 4));
    }

    @Property(tries = 300)
    void parts_cover_the_vector_exactly_once_and_everybody_owns_a_share(
            @ForAll @IntRange(min = 1, max = 7) int count,
            @ForAll @LongRange(min = 1, max = 5000) long length,
            @ForAll @LongRange(min = 1, max = 700) long partLength) {
        AveragingPlan plan = AveragingPlan.of(members(count), length, partLength);
        long end = 0;
        long[] shares = new long[count];
        for (int number = 0; number < plan.parts().size(); number++) {
            Part part = plan.parts().get(number);
            assertThat(part.number()).isEqualTo(number);
            assertThat(part.offset()).isEqualTo(end);
            assertThat(part.length()).isBetween(1L, partLength);
            shares[part.owner()] += part.length();
            end += part.length();
        }
        assertThat(end).isEqualTo(length);
        for (long share : shares) {
            assertThat(share).isBetween(length / count, length / count + 1);
        }
    }

    @Property(tries = 200)
    void contributions_are_summed_in_the_order_of_the_participants_whatever_the_order_of_arrival(
            @ForAll @IntRange(min = 2, max = 6) int count, @ForAll long seed) {
        List<Member> members = members(count);
        AveragingPlan plan = AveragingPlan.of(members, 60, 5);
        int self = (int) Math.floorMod(seed, (long) count);
        AveragingState state = new AveragingState(plan, self);
        Part part = state.owned().getFirst();
        List<Member> others = new ArrayList<>(members);
        others.remove(self);
        List<Member> arrival = new ArrayList<>(others);
        arrival.addAll(others);
        Collections.shuffle(arrival, new Random(seed));
        List<List<Payload>> sums = new ArrayList<>();
        for (Member from : arrival) {
            DataFrame.AveragePart frame = frame(from, members.get(self), part.number(), false);
            assertThat(state.refuse(frame)).isEmpty();
            state.contribution(frame).ifPresent(sums::add);
        }
        assertThat(sums).as("once, though all came twice").hasSize(1);
        assertThat(sums.getFirst())
                .extracting(payload -> (char) payload.bytes()[0])
                .containsExactlyElementsOf(others.stream()
                        .map(member -> member.peer().name().charAt(1))
                        .toList());
    }

    @Test
    void a_part_is_refused_from_strangers_and_for_or_from_who_does_not_own_it() {
        List<Member> members = members(2);
        AveragingState state = new AveragingState(AveragingPlan.of(members, 8, 8), 0);
        Member other = members.get(1);
        Member self = members.get(0);
        assertThat(state.refuse(frame(other, self, 0, false))).isEmpty();
        assertThat(state.refuse(frame(other, self, 1, true))).isEmpty();
        for (DataFrame.AveragePart bad : List.of(
                frame(other, self, 1, false),
                frame(other, self, 0, true),
                frame(other, self, 2, false),
                frame(other, self, -1, true),
                frame(Member.of("m9", 1), self, 0, false))) {
            assertThat(state.refuse(bad).map(Refusal::reason)).contains(Refusal.Reason.INVALID);
        }
    }

    @Test
    void it_is_complete_when_every_part_is() {
        AveragingState state = new AveragingState(AveragingPlan.of(members(2), 8, 2), 0);
        assertThat(state.completed(0)).isFalse();
        assertThat(state.completed(2)).isFalse();
        assertThat(state.completed(2)).isFalse();
        assertThat(state.completed(1)).isFalse();
        assertThat(state.completed(3)).isTrue();
    }

    @Test
    void a_refused_or_lost_part_is_offered_again_until_it_is_taken() throws Exception {
        ActorTestKit kit = ActorTestKit.create(ManualTime.config());
        try {
            ManualTime time = ManualTime.get(kit.system());
            ScriptedPorts ports = new ScriptedPorts();
            List<Member> members = members(2);
            var probe = kit.<Compute.SealResult>createTestProbe();
            var task = new AveragingRound.Task("run", members.getFirst(), 1, 1, members, 4, 8, Duration.ofMillis(10));
            var round = kit.spawn(AveragingRound.create(ports.ports(), task, (part, average) -> {}, probe.ref()::tell));
            ScriptedPorts.Offer contribution = ports.offer();
            contribution.refuse(Refusal.Reason.NOT_OPEN);
            DataFrame again = nextOffer(ports, time).frame();
            assertThat(again).isEqualTo(contribution.frame());
            for (boolean average : new boolean[] {false, true}) {
                var answer = new java.util.concurrent.LinkedBlockingQueue<Boolean>();
                var delivery = new Taking(frame(members.get(1), members.get(0), average ? 1 : 0, average), answer);
                round.tell(new AveragingRound.Arrived(delivery));
                assertThat(answer.take()).isTrue();
            }
            assertThat(probe.receiveMessage()).isEqualTo(new Compute.SealResult("average", 4.0));
        } finally {
            kit.shutdownTestKit();
        }
    }

    /** The refusal must be in the actor before its timer can run out. */
    private static ScriptedPorts.Offer nextOffer(ScriptedPorts ports, ManualTime time) throws InterruptedException {
        Optional<ScriptedPorts.Offer> offer = Optional.empty();
        for (int tries = 0; tries < 100 && offer.isEmpty(); tries++) {
            time.timePasses(Duration.ofMillis(10));
            offer = ports.anyOffer() ? Optional.of(ports.offer()) : Optional.empty();
        }
        return offer.orElseThrow();
    }

    private record Taking(DataFrame frame, java.util.concurrent.BlockingQueue<Boolean> answer)
            implements io.murmuration.actors.port.DataPlane.Delivery {
        @Override
        public void accept() {
            answer.add(true);
        }

        @Override
        public void refuse(Refusal refusal) {
            answer.add(false);
        }
    }
}
