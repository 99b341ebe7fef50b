package io.murmuration.faults.scenario.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.Place;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.ScenarioEvent;
import io.murmuration.faults.scenario.Trigger;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ShrinkingTest {

    private static final Scenario DESIGN = new ScenarioReader(Optional.of(Path.of("../config")))
            .read(Path.of("src/test/resources/scenarios/design.conf"));

    private static Scenario with(int events) {
        return DESIGN.withEvents(IntStream.range(0, events)
                .mapToObj(i -> new ScenarioEvent(
                        i,
                        new Trigger.At(Duration.ofSeconds(i)),
                        new Action.HealAll(),
                        Optional.empty(),
                        new Place("x.conf:" + i)))
                .toList());
    }

    private static List<Integer> numbers(Scenario scenario) {
        return scenario.events().stream().map(ScenarioEvent::index).toList();
    }

    @Property(tries = 200)
    void exactly_the_events_that_are_needed_together_are_left(
            @ForAll @IntRange(min = 20, max = 40) int events,
            @ForAll @Size(max = 4) Set<@IntRange(min = 0, max = 19) Integer> needed) {
        Shrinking shrinking = new Shrinking(10_000);
        Scenario small = shrinking.shrink(with(events), each -> numbers(each).containsAll(needed));
        assertThat(numbers(small))
                .containsExactlyElementsOf(needed.stream().sorted().collect(Collectors.toList()));
    }

    @Property(tries = 50)
    void tries_are_bounded_and_what_is_left_still_fails(@ForAll @IntRange(min = 1, max = 30) int most) {
        Shrinking shrinking = new Shrinking(most);
        Scenario small = shrinking.shrink(with(40), each -> numbers(each).containsAll(List.of(3, 30)));
        assertThat(shrinking.tries()).isLessThanOrEqualTo(most);
        assertThat(numbers(small)).contains(3, 30);
    }
}
