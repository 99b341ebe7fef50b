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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
        assertThat(brought().getSubcommands()).containsKeys("throughput", "export", "micro", "wire", "link");
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

    @Test
    void a_link_is_used_and_shared_by_both_planes() {
        CommandLine command = brought();
        command.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
        assertThat(command.execute("link", "--rounds=1", "--megabytes=4", "--megabits=100", "--way=5"))
                .isZero();
        Matcher shares =
                Pattern.compile("\\| the link \\| (\\d\\.\\d+) \\|").matcher(out.toString(StandardCharsets.UTF_8));
        assertThat(shares.find()).isTrue();
        // The line sends no faster than it may, and is not idle; how busy this machine is decides about the rest.
        assertThat(Double.parseDouble(shares.group(1))).isBetween(0.2, 1.01);
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("| control round trip meanwhile, ms |");
    }

    @Test
    void the_wire_is_compared_with_a_bare_copy() {
        CommandLine command = brought();
        command.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
        assertThat(command.execute("wire", "--rounds=1", "--warmup=0", "--mib=16"))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("| bare Pekko Streams TCP |", "| data plane |", "| data plane, TLS 1.3 |", "iperf3");
    }
}
