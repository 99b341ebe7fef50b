package io.murmuration.faults.byhand;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.simulation.world.Jitter;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Rate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

final class InjectionTest {

    private static Injection of(Fault fault, String node) {
        return new Injection(fault, Optional.of(node), List.of(), Optional.empty(), LinkWish.NONE);
    }

    @Provide
    Arbitrary<Injection> injections() {
        Arbitrary<Optional<Duration>> times =
                Arbitraries.longs().between(1, 1L << 50).map(Duration::ofNanos).optional();
        Arbitrary<LinkWish> wishes = Combinators.combine(
                        times, times, Arbitraries.longs().between(1, 1L << 40).optional())
                .as(LinkWish::new)
                .filter(wish -> !wish.equals(LinkWish.NONE));
        return Combinators.combine(
                        Arbitraries.of(Fault.class),
                        Arbitraries.of("node-1", "node-2").list().ofMaxSize(2),
                        times,
                        wishes)
                .as((fault, peers, lasts, wish) -> new Injection(
                        fault,
                        fault == Fault.HEAL ? Optional.empty() : Optional.of("node-3"),
                        fault.ofLinks() ? peers : List.of(),
                        fault.lasts() ? lasts : Optional.empty(),
                        fault == Fault.LINK ? wish : LinkWish.NONE));
    }

    @Property
    void what_is_written_is_read_again(@ForAll("injections") Injection injection) throws Exception {
        assertThat(Injection.read(new ObjectMapper().readTree(injection.json().toString())))
                .isEqualTo(injection);
    }

    @Example
    void what_makes_no_sense_is_refused_in_a_line_that_names_the_option() {
        assertThatThrownBy(() -> Injection.fault("explode"))
                .isInstanceOf(UserError.class)
                .hasMessage("--fault explode: expected one of kill, pause, leave, partition, black-hole, reject, reset,"
                        + " one-way, link, heal");
        assertThatThrownBy(
                        () -> new Injection(Fault.KILL, Optional.empty(), List.of(), Optional.empty(), LinkWish.NONE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("expected --node");
        assertThatThrownBy(() -> of(Fault.HEAL, "node-1")).hasMessageContaining("expected no --node");
        assertThatThrownBy(() -> of(Fault.LINK, "node-1")).hasMessageContaining("--latency, --jitter and --rate");
        assertThatThrownBy(() -> new Injection(
                        Fault.LEAVE,
                        Optional.of("node-1"),
                        List.of(),
                        Optional.of(Duration.ofSeconds(1)),
                        LinkWish.NONE))
                .hasMessageContaining("expected no --for");
        assertThatThrownBy(() -> new Injection(
                        Fault.PAUSE, Optional.of("node-1"), List.of("node-2"), Optional.empty(), LinkWish.NONE))
                .hasMessageContaining("expected no --peer");
        assertThatThrownBy(() -> new Injection(
                        Fault.RESET, Optional.of("node-1"), List.of("node-1"), Optional.empty(), LinkWish.NONE))
                .hasMessageContaining("no link leads from a node to itself");
        assertThatThrownBy(() -> Injection.read(
                        new ObjectMapper().readTree("{\"fault\":\"kill\",\"node\":\"node-1\",\"for\":-1}")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("above 0");
    }

    @Example
    void a_link_changes_in_what_is_named_and_nothing_else() {
        LinkWish wish = new LinkWish(Optional.of(Duration.ofMillis(50)), Optional.empty(), Optional.of(20_000_000L));
        assertThat(wish.on(LinkModel.IDEAL))
                .isEqualTo(LinkModel.IDEAL.latency(Duration.ofMillis(50)).rate(Rate.megabits(20)));
        assertThat(new LinkWish(Optional.empty(), Optional.of(Duration.ofMillis(5)), Optional.empty())
                        .on(LinkModel.IDEAL)
                        .jitter())
                .isEqualTo(new Jitter.Uniform(Duration.ofMillis(5)));
        assertThat(wish.text()).isEqualTo("latency 50ms, rate 20Mbps");
    }
}
