package io.murmuration.cluster.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.run.StopSignal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InterruptsTest {

    private final StopSignal stop = new StopSignal();
    private final List<String> notices = new ArrayList<>();
    private final List<Integer> exits = new ArrayList<>();
    private long nanos = 1_000;
    private final Interrupts interrupts = Interrupts.detached(stop, notices::add, exits::add, () -> nanos);

    @Test
    void the_first_signal_asks_the_run_to_stop_and_the_second_ends_the_process() {
        assertThat(interrupts.exitCode()).isEmpty();

        interrupts.received(2);
        assertThat(stop.requested()).isTrue();
        assertThat(exits).isEmpty();
        assertThat(interrupts.exitCode()).hasValue(130);

        nanos += 1_000_000;
        interrupts.received(2);
        assertThat(exits).as("the same press, delivered twice").isEmpty();

        nanos += 1_000_000_000;
        interrupts.received(15);
        assertThat(exits).containsExactly(143);
        assertThat(notices).hasSize(2);
    }
}
