package io.murmuration.faults.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import io.murmuration.faults.simulation.EventLoop.Source;
import org.apache.pekko.actor.ActorPath;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.RootActorPath;
import org.junit.jupiter.api.Test;

final class NodePathTest {

    private static ActorPath path(String... elements) {
        ActorPath path = new RootActorPath(new Address("pekko", "test"), "/");
        for (String element : elements) {
            path = path.child(element);
        }
        return path;
    }

    @Test
    void anActorBelongsToTheLifeOfTheNodeItIsBelow() {
        assertThat(NodePath.source(path("user", "eu-3-12", "host", "eu-3:shard-12000001")))
                .isEqualTo(new Source("eu-3", 12, "/user/eu-3-12/host/eu-3:shard-12000001"));
        assertThat(NodePath.source(path("user", "eu-3-1"))).isEqualTo(new Source("eu-3", 1, "/user/eu-3-1"));
    }

    @Test
    void everythingElseIsTheWorldWithoutTheNamesThatPekkoMakesUp() {
        assertThat(NodePath.source(path("system", "$a", "eu-3-1"))).isEqualTo(Source.world("/system/$/eu-3-1"));
        assertThat(NodePath.source(path("user"))).isEqualTo(Source.world("/user"));
    }

    @Test
    void aMemberTellsItsNodeAndItsLife() {
        Member member = new Member(NodePath.peer("eu-3", Role.SHARD), NodePath.incarnation(2) + 5);
        assertThat(member.peer().name()).isEqualTo("eu-3:shard");
        assertThat(NodePath.at(member, "work")).isEqualTo(new Source("eu-3", 2, "work"));
        assertThatThrownBy(() -> NodePath.node(new PeerId("shard-1"))).hasMessageContaining("NODE:ROLE, got shard-1");
    }
}
