package io.murmuration.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a process with a certificate of the cluster cannot have a node do by greeting it. */
final class GreetingAnswersTest {

    private static final long MINUTE = GreetingAnswers.MEMORY.toNanos();

    private final GreetingAnswers answers = new GreetingAnswers();

    private static String joining(String host) {
        return "pekko://murmuration@" + host + ":25520/user/joining#-17";
    }

    private Optional<String> stranger(String path, long now) {
        return answers.silence(path, path, false, now);
    }

    @Test
    void who_joins_is_answered_again_and_again() {
        for (long now = 0; now < 10 * MINUTE; now += MINUTE / 60) {
            assertThat(stranger(joining("eu-1"), now)).isEmpty();
        }
    }

    @Test
    void nobody_is_answered_at_another_place_than_the_one_that_greeted() {
        assertThat(answers.silence(joining("victim"), joining("mallory"), true, 0)
                        .orElseThrow())
                .contains("elsewhere");
        assertThat(answers.silence(joining("victim"), Senders.NOBODY, true, 0)).isPresent();
    }

    @Test
    void nobody_is_answered_who_is_not_an_actor_that_joins() {
        for (String path : new String[] {
            "",
            "pekko://murmuration@eu-1:25520/system/cluster/core/daemon#1",
            "pekko://murmuration@eu-1:25520/user/gateway#1",
            "pekko://murmuration@eu-1:25520/user/joining/a#1",
            "pekko://murmuration@eu-1/user/joining#1",
            "/user/joining#1"
        }) {
            assertThat(stranger(path, 0)).as(path).isPresent();
        }
    }

    @Test
    void who_says_to_be_in_ever_more_places_is_answered_in_a_bounded_number_of_them_and_joiners_later_again() {
        int answered = 0;
        for (int i = 0; i < 10 * GreetingAnswers.MOST_STRANGERS; i++) {
            answered += stranger(joining("h" + i), i).isEmpty() ? 1 : 0;
        }
        assertThat(answered).isEqualTo(GreetingAnswers.MOST_STRANGERS);
        assertThat(answers.silence(joining("known"), joining("known"), true, MINUTE - 1))
                .as("an address that the cluster has")
                .isEmpty();
        assertThat(stranger(joining("late"), MINUTE - 1)).isPresent();
        assertThat(stranger(joining("late"), 2 * MINUTE)).isEmpty();
    }
}
