package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.Standing;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What keepers have, and how a run begins from it. */
final class CheckpointsTest {

    private static final Member FIRST = Member.of("first", 1);
    private static final Member SECOND = Member.of("second", 1);
    private static final Member A = Member.of("a", 1);
    private static final Member B = Member.of("b", 1);

    private final Desk desk = new Desk(RunModel.plan(1, 2, 1, 99, 2), Member.of("coordinator", 1), 1, 0);

    @BeforeEach
    void present() {
        for (Member member : List.of(A, B)) {
            desk.promises.joined(member, Role.SHARD);
            desk.promises.promised(member, new Epoch(1, 0), Standing.OfShard.FRESH);
        }
        desk.checkpoints.keeper(FIRST, List.of(3L, 6L));
        desk.checkpoints.keeper(SECOND, List.of(3L, 6L, 9L));
    }

    private List<Member> donors(Member joiner) {
        return desk.take().stream()
                .filter(effect ->
                        effect instanceof RunState.Send send && send.to().equals(joiner))
                .map(effect -> ((RunState.Send) effect).message())
                .filter(ShardMessage.Enlist.class::isInstance)
                .map(message -> ((ShardMessage.Enlist) message).donors())
                .toList()
                .getLast();
    }

    @Test
    void a_version_that_the_run_has_not_come_to_is_of_another_past() {
        assertThat(desk.newestVersion()).isEqualTo(9);
        desk.newestPossible = 8;
        assertThat(desk.newestVersion()).isEqualTo(6);
        desk.checkpoints.lacks(FIRST, 6);
        desk.checkpoints.lacks(SECOND, 6);
        assertThat(desk.newestVersion()).isEqualTo(3);
        desk.checkpoints.forget();
        assertThat(desk.newestVersion()).isZero();
    }

    @Test
    void who_does_not_believe_its_source_starts_over_and_a_second_one_proves_the_source_wrong() {
        desk.newestPossible = 8;
        Building building = new Building(desk);
        assertThat(desk.version).isEqualTo(6);
        assertThat(donors(A)).containsExactly(FIRST);
        assertThat(building.badDonor(A, SECOND)).as("it is not the source").isFalse();
        assertThat(building.badDonor(A, FIRST)).isFalse();
        assertThat(desk.expelled()).containsExactly(A);
        assertThat(building.badDonor(B, FIRST)).isTrue();
        desk.checkpoints.lacks(FIRST, 6);
        assertThat(building.withoutSource(FIRST)).as("another has it").isTrue();
    }

    @Test
    void promises_of_before_the_run_went_back_tell_nothing_of_what_a_keeper_has_now() {
        desk.promises.joined(FIRST, Role.KEEPER);
        Standing keeps = new Standing.OfKeeper(List.of(3L));
        assertThat(desk.promises.promised(FIRST, new Epoch(1, 1), keeps)).isTrue();
        desk.promises.forgetKeepers(new Epoch(1, 5));
        assertThat(desk.promises.missing()).containsExactly(FIRST);
        assertThat(desk.promises.promised(FIRST, new Epoch(1, 4), keeps)).isFalse();
        assertThat(desk.promises.promised(FIRST, new Epoch(1, 5), keeps)).isTrue();
    }
}
