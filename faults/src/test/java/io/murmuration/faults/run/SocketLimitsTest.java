package io.murmuration.faults.run;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketLimitsTest {

    @TempDir
    private Path folder;

    private Scenario scenario(String node, String more) throws IOException {
        return new ScenarioReader(Optional.empty())
                .read(Files.writeString(
                        folder.resolve("limits.conf"), """
                        scenario {
                          name = limits
                          steps = 8
                          run { swarm.stages = 2 }
                          nodes = [
                            { name = hub, count = 1, roles = [coordinator, trainer] }
                            { name = eu, count = 4, roles = [shard], NODE }
                          ]
                          MORE
                        }
                        """.replace("NODE", node).replace("MORE", more)));
    }

    private void assertRefused(String node, String more, String... parts) throws IOException {
        Scenario scenario = scenario(node, more);
        assertThatThrownBy(() -> SocketLimits.check(scenario))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("limits.conf")
                .hasMessageContaining("cannot be done over sockets")
                .hasMessageContainingAll(parts);
    }

    @Test
    void what_processes_cannot_be_made_to_do_is_refused_with_its_place() throws IOException {
        assertRefused("speed = 2", "", "limits.conf:7", "speed above 1");
        assertRefused("uplink = 1Mbps", "", "limits.conf:7", "uplink");
        assertRefused("", "compute = cost", "limits.conf:9", "compute = cost");
        assertRefused("", "links { default { loss = 0.1 } }", "limits.conf:9", "loss", "default");
        assertRefused("", "links { \"hub--eu\" { reorder = 0.1 } }", "limits.conf:9", "reorder", "eu->hub");
        assertRefused("", "events = [ { at = 1s, do = clock, target = eu-1, skew = 2s } ]", "limits.conf:9", "clock");
        assertRefused("", "events = [ { at = 1s, do = disk, target = hub-1, fault = full } ]", "limits.conf:9", "full");
        assertRefused("", "events = [ { at = 1s, do = link, default = { corrupt = 0.1 } } ]", "limits.conf:9", "link");
    }

    @Test
    void what_they_can_do_is_not() throws IOException {
        Scenario scenario = scenario("flops = 20MFLOPS, speed = 2", """
                links { default { latency = 5ms, jitter = 1ms, rate = 1Gbps } }
                events = [
                  { at = 1s, do = kill, target = eu-1, for = 1s }, { at = 1s, do = pause, target = eu-2, for = 1s }
                  { at = 1s, do = leave, target = eu-3 }, { at = 1s, do = restart, target = hub-1 }
                  { at = 1s, do = partition, between = [eu-1, eu-2], mode = reset, for = 1s }
                  { at = 1s, do = link, default = { latency = 50ms }, for = 1s }
                  { at = 1s, do = disk, target = hub-1, fault = bitflip }
                  { at = 1s, do = slow, target = eu-4, factor = 10, for = 1s }
                ]
                """);
        assertThatCode(() -> SocketLimits.check(scenario)).doesNotThrowAnyException();
    }
}
