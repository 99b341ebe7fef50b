package io.murmuration.faults.simulation.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Chance has the moments it should have. */
final class ChancesTest {

    private static final int MANY = 200_000;
    private static final double MILLI = 1e6;

    @Example
    void jitter_has_the_mean_and_the_spread_of_its_distribution() {
        double[] normal = draw(new Jitter.Normal(Duration.ofMillis(8)));
        assertThat(mean(normal)).isCloseTo(0, within(0.1));
        assertThat(deviation(normal)).isCloseTo(8, within(0.1));
        double[] uniform = draw(new Jitter.Uniform(Duration.ofMillis(6)));
        assertThat(mean(uniform)).isCloseTo(0, within(0.05));
        assertThat(deviation(uniform)).isCloseTo(12 / Math.sqrt(12), within(0.05));
        assertThat(DoubleStream.of(uniform).max().getAsDouble()).isBetween(5.9, 6.0);
        double[] exponential = draw(new Jitter.Exponential(Duration.ofMillis(5)));
        assertThat(mean(exponential)).isCloseTo(5, within(0.1));
        assertThat(deviation(exponential)).isCloseTo(5, within(0.1));
        // Shape 4: mean scale / 3, and a finite variance.
        double[] pareto = draw(new Jitter.Pareto(Duration.ofMillis(9), 4));
        assertThat(mean(pareto)).isCloseTo(3, within(0.1));
        assertThat(DoubleStream.of(pareto).min().getAsDouble()).isNotNegative();
        assertThat(draw(new Jitter.None())).containsOnly(0);
    }

    @Example
    void streams_by_name_are_unrelated_and_repeat() {
        assertThat(Chances.stream(1, "a").nextLong())
                .isEqualTo(Chances.stream(1, "a").nextLong())
                .isNotEqualTo(Chances.stream(1, "b").nextLong())
                .isNotEqualTo(Chances.stream(2, "a").nextLong());
    }

    /** A lost piece waits 2^k - 1 time-outs for k losses in a row: p / (1 - 2p) in the mean. */
    @Example
    void independent_loss_costs_the_time_outs_it_should() {
        double p = 0.1;
        Lane lane = lane(5);
        double waited = IntStream.range(0, MANY)
                .mapToLong(i -> lane.pass(LinkModel.IDEAL.loss(new Loss.Independent(p)), 1000, 1_000_000)
                        .delay())
                .average()
                .getAsDouble();

        assertThat(waited / MILLI).isCloseTo(p / (1 - 2 * p), within(0.01));
        assertThat(lane.counts("a", "b", TrafficClass.BULK).retransmitted() / (double) MANY)
                .isCloseTo(p / (1 - p), within(0.005));
    }

    @Example
    void bursts_lose_as_much_as_the_chain_is_bad() {
        double p = 0.01;
        double r = 0.3;
        double bad = 0.5;
        double lost = bad * p / (p + r);
        Lane lane = lane(6);
        LinkModel model = LinkModel.IDEAL.loss(new Loss.GilbertElliott(p, r, 0, bad));
        IntStream.range(0, MANY).forEach(i -> lane.pass(model, 1000, 1));

        double sent = MANY + lane.counts("a", "b", TrafficClass.BULK).retransmitted();
        assertThat((sent - MANY) / sent).isCloseTo(lost, within(0.1 * lost));
    }

    @Example
    void every_piece_of_a_large_frame_may_be_lost() {
        Lane lane = lane(7);
        LinkModel model = LinkModel.IDEAL.loss(new Loss.Independent(0.1));
        int frames = 2000;
        IntStream.range(0, frames).forEach(i -> lane.pass(model, 10L * NetworkSettings.DEFAULT.pieceBytes(), 1));

        assertThat(lane.counts("a", "b", TrafficClass.BULK).retransmitted() / (10.0 * frames))
                .isCloseTo(0.1 / 0.9, within(0.01));
    }

    @Example
    void a_link_that_loses_everything_is_given_up_when_the_connection_would_break() {
        Lane.Passage passage = lane(8).pass(LinkModel.IDEAL.loss(new Loss.Independent(1)), 1000, 200_000_000);

        assertThat(passage.givenUp()).isTrue();
    }

    @Property(tries = 200)
    void no_message_is_early(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        LinkModel model = LinkModel.IDEAL
                .latency(Duration.ofMillis(random.nextInt(20)))
                .jitter(new Jitter.Normal(Duration.ofMillis(random.nextInt(50))));

        assertThat(lane(seed).pass(model, 1000, 1).delay()).isNotNegative();
    }

    @Example
    void what_is_no_probability_rate_or_time_is_refused() {
        assertThatThrownBy(() -> new Loss.Independent(1.5)).hasMessage("loss is a probability, got 1.5");
        assertThatThrownBy(() -> LinkModel.IDEAL.duplicate(Double.NaN))
                .hasMessage("duplicate is a probability, got NaN");
        assertThatThrownBy(() -> new Rate(0)).hasMessage("a rate is above 0 bit/s, got 0.0");
        assertThatThrownBy(() -> new Jitter.Pareto(Duration.ofMillis(1), 1))
                .hasMessage("a Pareto jitter has a mean for a shape above 1, got 1.0");
        assertThatThrownBy(() -> new Jitter.Normal(Duration.ofMillis(-1))).hasMessageContaining("sd is from 0 to 10 s");
    }

    private static Lane lane(long seed) {
        return new Lane(NetworkSettings.DEFAULT, Chances.stream(seed, "test"));
    }

    private static double[] draw(Jitter jitter) {
        SplittableRandom random = new SplittableRandom(3);
        return IntStream.range(0, MANY)
                .mapToDouble(i -> jitter.nanos(random) / MILLI)
                .toArray();
    }

    private static double mean(double[] values) {
        return DoubleStream.of(values).average().getAsDouble();
    }

    private static double deviation(double[] values) {
        double mean = mean(values);
        return Math.sqrt(DoubleStream.of(values)
                .map(v -> (v - mean) * (v - mean))
                .average()
                .getAsDouble());
    }
}
