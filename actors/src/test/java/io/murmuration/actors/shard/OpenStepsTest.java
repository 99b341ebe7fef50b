package io.murmuration.actors.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Route;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class OpenStepsTest {

    private static final Member UP = Member.of("up", 1);
    private static final Member SELF = Member.of("self", 1);
    private static final Payload BYTES = new Payload(new byte[] {1}, 4);

    /** The last stage of two. */
    private final OpenSteps steps = new OpenSteps(1, 2, 2);

    private static DataFrame.Forward frame(long step, int index) {
        return new DataFrame.Forward(
                new Route("run", UP, SELF),
                new MicrobatchId(Purpose.TRAIN, step, index),
                1,
                1,
                Optional.empty(),
                new byte[0],
                BYTES);
    }

    private boolean taken(long step, int index) {
        return steps.admit(frame(step, index)) instanceof StepAccount.Taken;
    }

    private Optional<MicrobatchId> compute(long version) {
        Optional<StepAccount.Work> next = steps.nextWork(version);
        next.ifPresent(work -> steps.of(work.id()).lossDone(work.id(), 1, BYTES, true));
        return next.map(StepAccount.Work::id);
    }

    @Test
    void an_upstream_has_its_credits_for_all_steps_together() {
        steps.open(Purpose.TRAIN, 3, 4, 3);
        steps.open(Purpose.TRAIN, 4, 4, 3);

        assertThat(taken(4, 0)).isTrue();
        assertThat(taken(3, 0)).isTrue();
        assertThat(taken(3, 1)).isFalse();
        assertThat(compute(3)).contains(new MicrobatchId(Purpose.TRAIN, 3, 0));
        assertThat(taken(3, 1)).isTrue();
    }

    @Test
    void a_step_that_is_frozen_does_not_keep_the_next_from_being_computed() {
        steps.open(Purpose.TRAIN, 3, 1, 3);
        steps.open(Purpose.TRAIN, 4, 1, 3);
        taken(3, 0);
        compute(3);
        steps.front().freeze();
        steps.front().seal();

        assertThat(taken(4, 0)).isTrue();
        assertThat(compute(3)).contains(new MicrobatchId(Purpose.TRAIN, 4, 0));
        assertThat(steps.front().counted()).containsExactly(0);

        steps.applied(3);
        assertThat(steps.isOpen(Purpose.TRAIN, 3)).isFalse();
        assertThat(steps.front().isOpen(Purpose.TRAIN, 4)).isTrue();
        assertThat(steps.front().counted()).containsExactly(0);
        assertThat(steps.front().staleness()).containsExactly(1L);
    }

    @Test
    void a_step_that_has_not_begun_takes_nothing() {
        assertThat(taken(3, 0)).isFalse();
        steps.open(Purpose.TRAIN, 3, 4, 3);
        assertThat(taken(4, 0)).isFalse();
        steps.applied(3);
        assertThat(taken(3, 1)).isFalse();
    }

    @Test
    void nobody_can_have_a_shard_keep_steps_without_end() {
        steps.open(Purpose.TRAIN, 3 + OpenSteps.MOST_EARLY, 4, 3);

        assertThatThrownBy(() -> steps.open(Purpose.TRAIN, 4 + OpenSteps.MOST_EARLY, 4, 3))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("step 12 at version 3");
    }

    /** However many steps are begun early: each gradient is at most so many versions old, and every one is counted. */
    @Property(tries = 100)
    void staleness_is_bounded_by_how_early_steps_begin(
            @ForAll @IntRange(min = 0, max = 3) int bound, @ForAll @IntRange(min = 1, max = 3) int microbatches) {
        List<Long> seen = new ArrayList<>();
        for (long step = 0; step <= bound; step++) {
            steps.open(Purpose.TRAIN, step, microbatches, 0);
        }
        for (long version = 0; version < 6; version++) {
            for (long step = version; step <= version + bound; step++) {
                for (int index = 0; index < microbatches; index++) {
                    if (taken(step, index)) {
                        compute(version);
                    }
                }
            }
            assertThat(steps.front().counted()).hasSize(microbatches);
            seen.addAll(steps.front().staleness());
            steps.applied(version);
            steps.open(Purpose.TRAIN, version + bound + 1, microbatches, version + 1);
        }
        assertThat(seen).hasSize(6 * microbatches).allMatch(versions -> versions >= 0 && versions <= bound);
    }
}
