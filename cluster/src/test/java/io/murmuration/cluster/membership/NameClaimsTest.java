package io.murmuration.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class NameClaimsTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final NameClaims claims = new NameClaims(Duration.ofSeconds(8));

    @Test
    void who_comes_with_a_name_that_is_taken_is_told_so_when_the_one_who_has_it_would_have_been_missed() {
        assertThat(claims.settled("a", 0)).isFalse();
        assertThat(claims.settled("a", 7 * SECOND)).isFalse();
        assertThat(claims.settled("b", 8 * SECOND)).isFalse();
        assertThat(claims.settled("a", 8 * SECOND)).isTrue();
    }

    @Test
    void who_comes_again_much_later_is_waited_with_again() {
        assertThat(claims.settled("a", 0)).isFalse();
        assertThat(claims.settled("a", 33 * SECOND)).isFalse();
    }

    @Test
    void of_more_claims_than_are_remembered_the_further_ones_are_told_at_once() {
        for (int i = 0; i < NameClaims.MOST; i++) {
            assertThat(claims.settled("a" + i, 0)).isFalse();
        }
        assertThat(claims.settled("b", SECOND)).isTrue();
        assertThat(claims.settled("b", 40 * SECOND)).isFalse();
    }
}
