package io.murmuration.actors.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

final class ComputeRateTest {

    private static final byte[] TOKENS = {};
    private static final long MILLI = 1_000_000;

    private final ComputeRate rate = new ComputeRate();

    private static MicrobatchId id(Purpose purpose) {
        return new MicrobatchId(purpose, 3, 0);
    }

    private void forward(int millis) {
        rate.done(new StepAccount.ForwardWork(id(Purpose.TRAIN), TOKENS, Payload.EMPTY), millis * MILLI);
    }

    private void backward(int millis) {
        rate.done(
                new StepAccount.BackwardWork(id(Purpose.TRAIN), TOKENS, Payload.EMPTY, Payload.EMPTY, true),
                millis * MILLI);
    }

    private void loss(Purpose purpose, int millis) {
        rate.done(new StepAccount.LossWork(id(purpose), TOKENS, Payload.EMPTY, true), millis * MILLI);
    }

    @Test
    void a_microbatch_takes_a_pass_each_way_in_whatever_order_they_come() {
        for (int i = 0; i < 20; i++) {
            forward(10);
        }
        assertThat(rate.perSecond()).as("half of it is not known").isZero();
        for (int i = 0; i < 20; i++) {
            backward(30);
        }
        assertThat(rate.perSecond()).isCloseTo(25, Percentage.withPercentage(1e-6));
    }

    @Test
    void in_the_last_stage_a_microbatch_is_one_pass_and_an_evaluation_is_none() {
        loss(Purpose.EVALUATE, 1);
        assertThat(rate.perSecond()).isZero();
        loss(Purpose.TRAIN, 50);
        assertThat(rate.perSecond()).isCloseTo(20, Percentage.withPercentage(1e-6));
    }

    @Test
    void who_becomes_slower_is_soon_known_to_be() {
        for (int i = 0; i < 30; i++) {
            loss(Purpose.TRAIN, 10);
        }
        for (int i = 0; i < 30; i++) {
            loss(Purpose.TRAIN, 100);
        }
        assertThat(rate.perSecond()).isBetween(10.0, 11.0);
    }
}
