package io.murmuration.cluster.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.UserError;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ClassArchiveIT {

    @TempDir
    private Path folder;

    @Test
    void processesOfNodesTakeTheirClassesFromTheArchive() throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // Of the flags of nodes only this one has a say in which classes there are.
        command.addAll(List.of("--add-modules=jdk.incubator.vector", "-Dkryo.unsafe=false"));
        command.addAll(ClassArchive.classPath());
        command.addAll(List.of("-Xlog:class+load:file=" + folder.resolve("loaded"), "io.murmuration.cluster.cli.Main"));
        command.add("--version");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(Redirect.to(folder.resolve("said").toFile()))
                .start();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(folder.resolve("said")))
                .contains("murmuration")
                .doesNotContain("[cds]");
        assertThat(Files.readAllLines(folder.resolve("loaded")))
                .anyMatch(line -> line.contains("io.murmuration.cluster.cli.Murmuration source: shared objects file"));
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");

        assertThatThrownBy(() -> ClassArchive.create(file.resolve("classes.jsa")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(file.toString());
    }
}
