package io.murmuration.faults.simulation.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.port.Ticker;
import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.EventLoop.Source;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What happens at a node in which state, and who is told. */
final class MachinesTest {

    private final EventLoop loop = new EventLoop();
    private final Machines machines = new Machines(loop, 1);
    private final List<String> seen = new ArrayList<>();

    @BeforeEach
    void listens() {
        machines.listen(new MachineListener() {
            @Override
            public void started(String node, long life) {
                note("started " + node + " " + life);
            }

            @Override
            public void stopped(String node, long life, Death death) {
                note("stopped " + node + " " + life + " " + death);
            }

            @Override
            public void paused(String node) {
                note("paused " + node);
            }

            @Override
            public void resumed(String node) {
                note("resumed " + node);
            }

            @Override
            public void slowed(String node, double factor) {
                note("slowed " + node + " " + factor);
            }

            @Override
            public void disk(String node, DiskFault fault, long chance) {
                note("disk " + node + " " + fault);
            }

            @Override
            public void diskRepaired(String node) {
                note("repaired " + node);
            }
        });
        machines.add("a");
    }

    private void note(String what) {
        seen.add(loop.now() / 1_000_000_000 + " " + what);
    }

    private void happensAt(int second, long life, String what) {
        loop.schedule(second * 1_000_000_000L - loop.now(), new Source("a", life, what), () -> note(what));
    }

    private void atSecond(int second, Runnable what) {
        loop.schedule(second * 1_000_000_000L - loop.now(), Source.world("test"), what);
    }

    private void run() {
        loop.run(Duration.ofSeconds(100).toNanos(), () -> false);
    }

    @Test
    void what_was_begun_in_one_life_does_not_happen_in_the_next_nor_between() {
        machines.start("a");
        happensAt(1, 1, "first");
        happensAt(3, 1, "too late");
        atSecond(2, () -> machines.kill("a", Death.PROCESS));
        atSecond(4, () -> machines.start("a"));
        happensAt(5, 1, "of another life");
        happensAt(5, 2, "second");
        atSecond(6, () -> assertThat(machines.restart("a")).isEqualTo(3));
        run();

        assertThat(seen)
                .containsExactly(
                        "0 started a 1",
                        "1 first",
                        "2 stopped a 1 PROCESS",
                        "4 started a 2",
                        "5 second",
                        "6 stopped a 2 PROCESS",
                        "6 started a 3");
    }

    @Test
    void a_frozen_node_catches_up_in_order_and_the_longer_of_two_pauses_counts() {
        machines.start("a");
        happensAt(3, 1, "early");
        happensAt(4, 1, "late");
        atSecond(2, () -> machines.pause("a", Duration.ofSeconds(3)));
        atSecond(3, () -> machines.pause("a", Duration.ofSeconds(5)));
        run();

        assertThat(seen).containsExactly("0 started a 1", "2 paused a", "8 resumed a", "8 early", "8 late");
    }

    @Test
    void a_frozen_node_that_dies_never_catches_up() {
        machines.start("a");
        happensAt(3, 1, "held");
        atSecond(2, () -> machines.pause("a", Duration.ofSeconds(30)));
        atSecond(4, () -> machines.restart("a"));
        happensAt(5, 2, "next life");
        run();

        assertThat(seen)
                .containsExactly(
                        "0 started a 1", "2 paused a", "4 stopped a 1 PROCESS", "4 started a 2", "5 next life");
        assertThat(machines.running("a")).isTrue();
    }

    @Test
    void slowdowns_multiply_and_end_one_by_one() {
        machines.start("a");
        machines.slow("a", 10, Duration.ofSeconds(5));
        Healing other = machines.slow("a", 10);
        assertThat(machines.slowFactor("a")).isEqualTo(100);
        atSecond(2, other::heal);
        atSecond(3, other::heal);
        run();

        assertThat(seen)
                .containsExactly(
                        "0 started a 1", "0 slowed a 10.0", "0 slowed a 100.0", "2 slowed a 10.0", "5 slowed a 1.0");
    }

    @Test
    void a_clock_jumps_forward_with_its_skew_and_neither_goes_back_nor_stands_still() {
        machines.start("a");
        Ticker ticker = machines.ticker("a");
        atSecond(1, () -> machines.skew("a", Duration.ofHours(1)));
        atSecond(2, () -> note(String.valueOf(ticker.nanos() / 1_000_000_000)));
        atSecond(3, () -> machines.skew("a", Duration.ZERO));
        atSecond(4, () -> note(String.valueOf(ticker.nanos() / 1_000_000_000)));
        atSecond(5, () -> machines.skew("a", Duration.ofHours(-1)));
        atSecond(6, () -> note(String.valueOf(ticker.nanos() / 1_000_000_000)));
        run();

        assertThat(seen).containsExactly("0 started a 1", "2 3602", "4 3604", "6 3606");
    }

    @Test
    void a_clock_that_was_slow_does_not_jump_when_that_ends_and_of_two_skews_the_newest_counts() {
        machines.start("a");
        Ticker ticker = machines.ticker("a");
        Healing slow = machines.skew("a", Duration.ofHours(-1));
        slow.heal();
        assertThat(ticker.nanos()).isZero();
        Healing first = machines.skew("a", Duration.ofSeconds(10));
        Healing second = machines.skew("a", Duration.ofSeconds(3));
        assertThat(ticker.nanos()).isEqualTo(10_000_000_000L);
        second.heal();
        assertThat(ticker.nanos()).as("the first is in force again").isEqualTo(17_000_000_000L);
        first.heal();
        first.heal();
        assertThat(ticker.nanos()).isEqualTo(17_000_000_000L);
    }

    @Test
    void what_was_done_twice_to_a_machine_ends_when_both_are_healed() {
        machines.start("a");
        Healing pause = machines.pause("a");
        Healing other = machines.pause("a");
        Healing full = machines.disk("a", DiskFault.FULL);
        Healing again = machines.disk("a", DiskFault.FULL);
        pause.heal();
        pause.heal();
        full.heal();
        assertThat(machines.paused("a")).isTrue();
        assertThat(machines.diskFull("a")).isTrue();
        other.heal();
        again.heal();
        assertThat(machines.paused("a")).isFalse();
        assertThat(machines.diskFull("a")).isFalse();
    }

    @Test
    void a_pause_of_a_life_that_is_over_does_not_end_that_of_the_next() {
        machines.start("a");
        Healing old = machines.pause("a");
        machines.restart("a");
        machines.pause("a");
        old.heal();
        assertThat(machines.paused("a")).isTrue();
    }

    @Test
    void a_full_disk_stays_full_until_it_is_repaired_and_all_that_can_be_healed_is() {
        machines.start("a");
        machines.disk("a", DiskFault.BITFLIP);
        machines.disk("a", DiskFault.FULL);
        assertThat(machines.diskFull("a")).isTrue();
        machines.slow("a", 2);
        machines.pause("a", Duration.ofSeconds(50));
        machines.healAll();
        run();

        assertThat(machines.diskFull("a")).isFalse();
        assertThat(seen)
                .containsExactly(
                        "0 started a 1",
                        "0 disk a BITFLIP",
                        "0 disk a FULL",
                        "0 slowed a 2.0",
                        "0 paused a",
                        "0 resumed a",
                        "0 repaired a",
                        "0 slowed a 1.0");
    }

    @Test
    void what_makes_no_sense_is_refused() {
        machines.start("a");
        assertThatThrownBy(() -> machines.start("a")).hasMessage("a cannot begin life 2 in life 1");
        assertThatThrownBy(() -> machines.kill("b", Death.HOST)).hasMessage("there is no node 'b'");
        assertThatThrownBy(() -> machines.add("a")).hasMessage("a node needs a name of its own, got 'a'");
        assertThatThrownBy(() -> machines.slow("a", 0)).hasMessage("a node is slowed by a factor above 0, got 0.0");
    }
}
