package io.murmuration.cluster.local;

import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.config.SettingsLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * All that a cluster is started from, checked.
 *
 * @param folder of the cluster
 * @param checked the settings of its first node
 * @param stages as the settings want them
 */
record LocalSetup(
        LocalPlan plan,
        Path folder,
        Optional<LocalFaults> faults,
        LoadedNode checked,
        int stages,
        NodeCommandLine commands) {

    /**
     * Checks everything.
     *
     * @param told gets a line for each fault that is injected
     * @throws io.murmuration.cluster.config.UserError if a node could not start with these settings
     */
    static LocalSetup of(LocalCluster.Options options, SettingsLoader settings, Path folder, Consumer<String> told) {
        int stages = settings.load().settings().swarm().stages();
        // With "auto" each node has at least one, and further ones join.
        int shards = settings.loadShards().orElse(1);
        LocalPlan planned = LocalPlan.of(options.nodes(), shards, stages, new FreePorts(new SplittableRandom()));
        List<String> usual = usual(options);
        LoadedNode checked = with(
                        with(settings, usual), planned.settings(planned.nodes().getFirst(), folder))
                .loadNode();
        List<String> given = new ArrayList<>(usual);
        given.addAll(options.given());
        List<String> names =
                planned.nodes().stream().map(LocalPlan.Planned::name).toList();
        Optional<LocalFaults> faults = options.faults()
                ? Optional.of(LocalFaults.provider()
                        .between(names, folder, checked.run().seed(), told))
                : Optional.empty();
        return new LocalSetup(
                faults.map(between -> planned.at(between::place)).orElse(planned),
                folder,
                faults,
                checked,
                stages,
                new NodeCommandLine(
                        options.main(), options.heap(), options.config().map(Path::toAbsolutePath), given));
    }

    /** How {@code node} is started. */
    List<String> command(LocalPlan.Planned node) {
        return commands.of(node.flags(), plan.settings(node, folder));
    }

    /** What suits nodes that share a machine, where the user says nothing else. */
    private static List<String> usual(LocalCluster.Options options) {
        int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / options.nodes());
        List<String> usual = new ArrayList<>();
        // Ctrl-C asks all at once, and nobody can hand over to anybody then.
        Map<String, String> wishes = Map.of("compute.threads", "" + threads, "limits.leave-wait", "5s");
        wishes.forEach((key, value) -> {
            boolean said = options.given().stream()
                    .anyMatch(assignment ->
                            assignment.replaceFirst("^murmuration\\.", "").startsWith(key + "="));
            if (!said && options.config().isEmpty()) {
                usual.add(key + "=" + value);
            }
        });
        return usual;
    }

    private static SettingsLoader with(SettingsLoader settings, List<String> assignments) {
        SettingsLoader result = settings;
        for (String assignment : assignments) {
            result = result.set(assignment, "local");
        }
        return result;
    }
}
