package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Standing;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Where a run of two stages is, as its shards tell it. */
final class RecoveryTest {

    private static final Epoch FIRST = new Epoch(1, 1);
    private static final Epoch LATER = new Epoch(2, 3);

    private final Map<Member, Standing.OfShard> shards = new TreeMap<>();

    private static Member member(String name) {
        return Member.of(name, 1);
    }

    private Standing.OfShard holds(Epoch history, int stage, long version, String digest) {
        return new Standing.OfShard(
                history, stage, version, digest, Optional.empty(), false, Optional.empty(), Optional.empty());
    }

    private Standing.OfShard opened(Epoch history, int stage, long version, String digest) {
        return new Standing.OfShard(
                history,
                stage,
                version,
                digest,
                Optional.of(new Standing.Open(Purpose.TRAIN, version, 4)),
                false,
                Optional.empty(),
                Optional.empty());
    }

    private Standing.OfShard applied(Epoch history, int stage, long version, String digest) {
        return new Standing.OfShard(
                history,
                stage,
                version,
                digest,
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.of(new Standing.Committed(version - 1, 7, 1.5)));
    }

    private Recovery.Finding find() {
        return Recovery.of(2, shards, Map.of());
    }

    private Recovery.Found found() {
        assertThat(find()).isInstanceOf(Recovery.Found.class);
        return (Recovery.Found) find();
    }

    @Test
    void what_was_held_before_the_run_began_anew_is_of_no_use_even_if_it_is_newer() {
        shards.put(member("old a"), opened(FIRST, 0, 9, "0@9"));
        shards.put(member("old b"), opened(FIRST, 1, 6, "another 1@6"));
        shards.put(member("a"), opened(LATER, 0, 6, "0@6"));
        shards.put(member("b"), opened(LATER, 1, 6, "1@6"));
        assertThat(found().history()).isEqualTo(LATER);
        assertThat(found().version()).isEqualTo(6);
        assertThat(found().stages().get(1)).containsExactly(member("b"));
        assertThat(found().lagging()).containsExactlyInAnyOrder(member("old a"), member("old b"));
    }

    @Test
    void a_later_beginning_counts_only_after_something_was_done() {
        shards.put(member("a"), opened(FIRST, 0, 9, "0@9"));
        shards.put(member("b"), holds(FIRST, 1, 9, "1@9"));
        shards.put(member("built"), holds(LATER, 1, 0, "1@0"));
        assertThat(found().version()).isEqualTo(9);
        assertThat(found().lagging()).containsExactly(member("built"));
    }

    @Test
    void who_has_no_average_cannot_commit_what_others_have_applied() {
        shards.put(member("a"), applied(FIRST, 0, 5, "0@5"));
        shards.put(member("b"), holds(FIRST, 1, 4, "1@4"));
        assertThat(find()).isInstanceOf(Recovery.Incomplete.class);
    }

    @Test
    void a_step_is_opened_only_to_those_who_were_found_to_agree() {
        shards.put(member("a"), opened(FIRST, 0, 5, "0@5"));
        shards.put(member("a expelled"), holds(FIRST, 0, 5, "something else"));
        shards.put(member("b"), opened(FIRST, 1, 5, "1@5"));
        assertThat(found().stages().get(0)).containsExactly(member("a"));
    }
}
