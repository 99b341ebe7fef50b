package io.murmuration.cluster.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What processes on loopback are told that train a small model in three stages, without end unless a test says otherwise. */
final class ThreeStages {

    private final Path folder;
    private final int seed = NodesInOneProcess.freePort();

    ThreeStages(Path folder) {
        this.folder = folder;
    }

    /** The file of settings, with further lines of it. */
    Path config(String... more) throws IOException {
        Path file = folder.resolve("node.conf");
        Files.writeString(file, """
                murmuration {
                  model.preset = nano
                  compute { backend = java, threads = 1 }
                  steps = 100000
                  validation { windows = 8, every = 0 }
                  checkpoint.every = 0
                  limits { control-retry = 500ms, leave-wait = 2s }
                  swarm { stages = 3, replicas = 1, trainers = 1 }
                  node {
                    roles = [shard]
                    seeds = ["127.0.0.1:%d"]
                    control { host = "127.0.0.1", port = 0 }
                    data { host = "127.0.0.1", port = 0 }
                    http.port = 0
                    join-retry = 200ms
                    announce-retry = 200ms
                    status-every = 1s
                  }
                }
                """.formatted(seed) + String.join("\n", more));
        return file;
    }

    /** Arguments of a node that computes a stage. */
    static List<String> node(Path config, String name, String... more) {
        List<String> arguments =
                new ArrayList<>(List.of("node", "--config", config.toString(), "--set", "node.name=" + name));
        for (String assignment : more) {
            arguments.addAll(List.of("--set", assignment));
        }
        return arguments;
    }

    /** Arguments of the node that the others look for, and that leads. */
    List<String> hub(Path config, String... more) {
        List<String> arguments = node(config, "hub", more);
        arguments.addAll(
                List.of("--set", "node.roles=coordinator,trainer,shard", "--set", "node.control.port=" + seed));
        return arguments;
    }
}
