package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AskAgainTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private static List<Integer> seconds(AskAgain asking, int from, int to) {
        List<Integer> due = new ArrayList<>();
        for (int second = from; second < to; second++) {
            if (asking.due(second * SECOND)) {
                due.add(second);
            }
        }
        return due;
    }

    @Test
    void every_pause_is_twice_the_one_before_up_to_a_bound() {
        AskAgain asking = new AskAgain(Duration.ofSeconds(1), 0);
        assertThat(seconds(asking, 0, 320)).containsExactly(1, 3, 7, 15, 31, 63, 127, 191, 255, 319);
    }

    @Test
    void with_something_new_it_begins_from_the_start() {
        AskAgain asking = new AskAgain(Duration.ofSeconds(1), 0);
        seconds(asking, 0, 100);
        asking.restart(100 * SECOND);
        assertThat(seconds(asking, 100, 110)).containsExactly(101, 103, 107);
    }
}
