package io.murmuration.cluster.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ResidentsTest {

    @Test
    void the_shards_of_a_node_have_names_of_their_own_and_one_home() {
        PeerId first = PeerNames.peer("eu-3", Role.SHARD, 1);
        PeerId second = PeerNames.peer("eu-3", Role.SHARD, 2);
        assertThat(first).isEqualTo(PeerNames.peer("eu-3", Role.SHARD)).hasToString("eu-3:shard");
        assertThat(second).hasToString("eu-3:shard-2");
        assertThat(List.of(first, second)).allSatisfy(peer -> {
            assertThat(PeerNames.node(peer)).isEqualTo(Optional.of("eu-3"));
            assertThat(peer.home()).isEqualTo("eu-3");
        });
    }

    @Test
    void a_node_has_several_shards_and_one_of_everything_else() {
        List<Role> all = List.of(Role.COORDINATOR, Role.TRAINER, Role.SHARD, Role.VERIFIER);
        assertThat(Residents.count(all, 1)).isEqualTo(4);
        assertThat(Residents.count(all, 3)).isEqualTo(6);
        assertThat(Residents.count(List.of(Role.TRAINER), 3)).isEqualTo(1);
    }
}
