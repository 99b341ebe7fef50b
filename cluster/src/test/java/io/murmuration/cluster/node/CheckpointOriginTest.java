package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.LocalRuns;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.checkpoint.StageState;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints of another run are not gone on from. */
final class CheckpointOriginTest {

    @TempDir
    private Path folder;

    private Path text;

    private RunSettings run(String... assignments) {
        SettingsLoader loader = SettingsLoader.of(Map.of())
                .set("node.name", "a", "test")
                .set("model.preset", "nano", "test")
                .set("data", text.toString(), "test");
        for (String assignment : assignments) {
            loader = loader.set(assignment, "test");
        }
        return loader.loadNode().run();
    }

    private static Map<String, String> origin(RunSettings run) {
        return CheckpointOrigin.of(run, LocalRuns.batches(run, LocalRuns.corpus(run)));
    }

    private Path text(String name, String line) throws IOException {
        return Files.writeString(folder.resolve(name), (line + "\n").repeat(4000));
    }

    private void check(RunSettings now) {
        CheckpointOrigin.require(folder.resolve("kept"), now, origin(now));
    }

    @Test
    void a_checkpoint_with_other_settings_that_the_weights_follow_from_is_refused_by_name() throws IOException {
        text = text("one.txt", "the quick brown fox jumps over the lazy dog");
        RunSettings made = run();
        try (Arena arena = Arena.ofConfined()) {
            ParameterLayout layout = ParameterLayout.of(
                    made.model(), StagePlan.of(made.model().layers(), 1).slice(0));
            StageState state = new StageState(layout, Floats.allocate(arena, layout.length()), Map.of());
            new CheckpointStore(folder.resolve("kept"), 3)
                    .write(new CheckpointMeta(made.model(), 7, 0, made.seed(), origin(made)), List.of(state));
        }

        check(made);
        check(run("steps=17", "swarm.replicas=5", "validation.every=3", "compute.threads=1"));
        refused(run("optimiser.learning-rate=0.5"), "optimiser was ");
        refused(run("batch.sequences=32"), "batch was ");
        refused(run("model.preset=tiny"), "model was ");
        text = text("two.txt", "the quick brown fox jumps over the lazy cat");
        refused(run(), "data was ");
    }

    private void refused(RunSettings now, String what) {
        assertThatThrownBy(() -> check(now))
                .isInstanceOf(UserError.class)
                .hasMessageContainingAll("step-00000007 is of another run", what, "another name (name)");
    }

    @Test
    void without_checkpoints_any_run_begins() throws IOException {
        text = text("one.txt", "the quick brown fox jumps over the lazy dog");
        check(run());
        assertThat(folder.resolve("kept")).doesNotExist();
    }
}
