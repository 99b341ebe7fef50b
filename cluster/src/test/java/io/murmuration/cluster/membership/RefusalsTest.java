package io.murmuration.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.transport.NodeIdentity;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Who greets and does not belong there is told why, in words that name both sides. */
final class RefusalsTest {

    private static final NodeIdentity SELF = new NodeIdentity("hub", 1, "aa", 3);
    private static final String HERE = "pekko://murmuration@hub:25520";
    private static final String THERE = "pekko://murmuration@eu-1:25520";
    private static final RunEnding ENDING = new RunEnding(6, false, 5.1, "d");

    private static DirectoryEntry entry(String node, String control) {
        return new DirectoryEntry(
                node,
                1,
                control,
                7,
                node,
                25_521,
                new TreeMap<>(),
                new TreeMap<>(),
                0,
                Optional.empty(),
                RunWish.NONE,
                1);
    }

    private static Optional<String> greeted(
            String node, String run, int protocol, Optional<DirectoryEntry> known, boolean silent) {
        return Refusals.reason(SELF, new NodeIdentity(node, 2, run, protocol), THERE, known, silent, Optional.empty());
    }

    @Test
    void who_belongs_there_is_welcome_also_after_a_restart() {
        assertThat(greeted("eu-1", "aa", 3, Optional.empty(), true)).isEmpty();
        assertThat(greeted("eu-1", "aa", 3, Optional.of(entry("eu-1", THERE)), false))
                .isEmpty();
    }

    @Test
    void another_protocol_version_is_told_both() {
        assertThat(greeted("eu-1", "bb", 4, Optional.empty(), true).orElseThrow())
                .isEqualTo("it speaks protocol version 4, the cluster speaks version 3: start the same version of"
                        + " Murmuration everywhere");
    }

    @Test
    void another_run_is_told_both() {
        assertThat(greeted("eu-1", "bb", 3, Optional.empty(), true).orElseThrow())
                .startsWith("its run is bb, the cluster trains run aa: ")
                .contains("--print-config");
    }

    @Test
    void a_second_node_of_a_name_is_told_where_the_first_is_unless_that_one_is_silent() {
        Optional<DirectoryEntry> elsewhere = Optional.of(entry("eu-1", HERE));
        assertThat(greeted("eu-1", "aa", 3, elsewhere, false).orElseThrow())
                .isEqualTo("there is a node called eu-1 already, at " + HERE + ": names are unique in a cluster");
        assertThat(greeted("eu-1", "aa", 3, elsewhere, true)).isEmpty();
        assertThat(greeted("hub", "aa", 3, Optional.empty(), true).orElseThrow())
                .contains("names are unique");
    }

    @Test
    void who_comes_when_the_run_is_over_is_told_so() {
        assertThat(Refusals.reason(
                                SELF,
                                new NodeIdentity("eu-1", 2, "aa", 3),
                                THERE,
                                Optional.empty(),
                                true,
                                Optional.of(ENDING))
                        .orElseThrow())
                .isEqualTo("the run is over, version 6 was its last: nothing is left to do for it");
    }
}
