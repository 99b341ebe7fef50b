package io.murmuration.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.cli.SubcommandProvider;
import io.murmuration.cluster.report.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class BenchCommandTest {

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private CommandLine brought() {
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        List<CommandLine> commands = ServiceLoader.load(SubcommandProvider.class).stream()
                .map(provider -> provider.get().subcommand(Terminal.plain(stream, stream)))
                .filter(command -> command.getCommandName().equals("bench"))
                .toList();
        assertThat(commands).hasSize(1);
        return commands.getFirst();
    }

    @Test
    void the_launcher_finds_bench_with_its_subcommands() {
        assertThat(brought().getSubcommands()).containsKeys("throughput", "export", "micro");
    }

    @Test
    void micro_refuses_what_it_cannot_measure() {
        for (String wrong : List.of("--filter=(", "--threads=0", "--iterations=0")) {
            CommandLine command = brought();
            command.setErr(new PrintWriter(out, true, StandardCharsets.UTF_8));
            assertThat(command.execute("micro", wrong)).as(wrong).isEqualTo(2);
            assertThat(out.toString(StandardCharsets.UTF_8)).contains("expected");
        }
    }

    @Test
    void export_takes_the_options_of_train_and_says_where_it_wrote() throws Exception {
        Path text = Files.writeString(folder.resolve("text"), "some words of a text, over and over\n".repeat(100));
        Path target = folder.resolve("inputs");
        int exit = brought()
                .execute(
                        "export",
                        "--out=" + target,
                        "--data=" + text,
                        "--seed=3",
                        "--steps=2",
                        "--set=model.preset=nano",
                        "--set=compute.backend=java");
        assertThat(exit).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8).strip()).isEqualTo(target.toString());
        assertThat(Files.readString(target.resolve(RunExport.RUN))).contains("\"seed\" : 3", "\"steps\" : 2");
    }
}
