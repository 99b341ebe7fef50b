package io.murmuration.faults.byhand;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.cli.Murmuration;
import io.murmuration.cluster.cli.Parts;
import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.local.LocalFaults;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.CheckpointModels;
import io.murmuration.cluster.run.LocalRuns;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code murmuration inject} against proxies and a port that are real, and processes that are not nodes. */
@Timeout(60)
final class HandFaultsTest {

    private static final List<String> NAMES = List.of("node-1", "node-2", "node-3");

    @TempDir
    private Path out;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final Terminal terminal = Terminal.plain(stream(), stream());
    private final List<String> told = new CopyOnWriteArrayList<>();
    private final List<String> orders = new CopyOnWriteArrayList<>();
    private final Set<String> dead = ConcurrentHashMap.newKeySet();
    private final Nodes nodes = new Nodes();
    private Path folder;
    private HandFaults faults;
    private Process victim;
    private Thread thread;
    private volatile boolean over;

    private PrintStream stream() {
        return new PrintStream(said, true, StandardCharsets.UTF_8);
    }

    private final class Nodes implements LocalFaults.Nodes {
        @Override
        public Optional<Long> pid(String node) {
            return dead.contains(node) ? Optional.empty() : Optional.of(victim.pid());
        }

        @Override
        public void kill(String node) {
            orders.add("kill " + node);
            dead.add(node);
        }

        @Override
        public void start(String node) {
            orders.add("start " + node);
            dead.remove(node);
        }

        @Override
        public void leave(String node) {
            orders.add("leave " + node);
        }
    }

    @BeforeEach
    void start() throws IOException {
        folder = Files.createDirectory(out.resolve("local-1"));
        faults = (HandFaults) LocalFaults.provider().between(NAMES, folder, 1, told::add);
        victim = new ProcessBuilder("sleep", "50").start();
        thread = Thread.ofPlatform().start(() -> {
            while (!over) {
                faults.turn(nodes);
                Thread.onSpinWait();
            }
        });
    }

    @AfterEach
    void stop() throws InterruptedException {
        over = true;
        thread.join();
        faults.close();
        victim.destroyForcibly();
    }

    /** As it is brought to the command line; empty: the folder is looked for. */
    private int inject(String... arguments) {
        said.reset();
        Surroundings surroundings = new Surroundings(
                terminal, Map.of("MURMURATION_OUT", out.toString()), Optional.empty(), InstantSource.system());
        CommandLine line = new CommandLine(new InjectCommand(surroundings));
        line.setExecutionExceptionHandler((exception, command, parsed) -> {
            terminal.err().println(exception.getMessage());
            return exception instanceof UserError ? 2 : 1;
        });
        return line.execute(arguments);
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8).strip();
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("what is waited for").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private char state() {
        try {
            String stat = Files.readString(Path.of("/proc/" + victim.pid() + "/stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return '?';
        }
    }

    @Test
    void who_is_killed_is_started_again_when_the_time_is_over() throws Exception {
        assertThat(inject("--node", "node-2", "--fault", "kill", "--for", "2s"))
                .as(said())
                .isZero();
        assertThat(said()).isEqualTo("node-2 is killed, for 2s");
        assertThat(orders).containsExactly("kill node-2");
        assertThat(inject("--node", "node-2", "--fault", "pause")).isEqualTo(2);
        assertThat(said()).isEqualTo("node-2 does not run at this moment");
        await(() -> orders.contains("start node-2"));
        assertThat(told).containsExactly("node-2 is killed, for 2s", "over: node-2 is killed");
    }

    @Test
    void who_is_paused_stands_still_until_all_is_healed() throws Exception {
        assertThat(inject("--node", "node-1", "--fault", "pause")).as(said()).isZero();
        await(() -> state() == 'T');
        assertThat(inject("--node", "node-1", "--fault", "pause", "--for", "1s"))
                .isEqualTo(2);
        assertThat(said()).isEqualTo("node-1 is frozen already");
        assertThat(inject("--fault", "heal")).isZero();
        await(() -> state() == 'S');
    }

    @Test
    void links_are_cut_and_healed_for_one_peer_only() throws Exception {
        try (ServerSocket target = new ServerSocket()) {
            // Node 3 listens where its proxies look for it.
            String own = address("node-3", "node-3");
            target.bind(new InetSocketAddress(own, faults.place("node-3").data()));
            assertThat(connects("node-1")).isTrue();
            assertThat(inject("--node", "node-3", "--fault", "reject", "--peer", "node-1"))
                    .as(said())
                    .isZero();
            await(() -> !connects("node-1"));
            assertThat(connects("node-2")).isTrue();
            assertThat(inject("--fault", "heal")).isZero();
            await(() -> connects("node-1"));
        }
    }

    private String address(String from, String to) throws IOException {
        return Files.readAllLines(folder.resolve("hosts").resolve(from + ".hosts")).stream()
                .filter(line -> line.endsWith(" " + to))
                .map(line -> line.substring(0, line.indexOf(' ')))
                .findFirst()
                .orElseThrow();
    }

    private boolean connects(String from) {
        try (Socket socket =
                new Socket(address(from, "node-3"), faults.place("node-3").data())) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void what_is_wrong_is_one_line_and_exit_code_2() throws Exception {
        assertThat(inject("--node", "node-9", "--fault", "kill")).isEqualTo(2);
        assertThat(said()).isEqualTo("no node is called node-9; there are [node-1, node-2, node-3]");
        assertThat(inject("--node", "node-1", "--fault", "kil")).isEqualTo(2);
        assertThat(said()).startsWith("--fault kil: expected one of kill, pause");
        assertThat(inject("--node", "node-1", "--fault", "kill", "--for", "soon"))
                .isEqualTo(2);
        assertThat(said()).isEqualTo("--for soon: expected a time such as 10s");
        assertThat(inject("--node", "node-1", "--fault", "link", "--rate", "fast"))
                .isEqualTo(2);
        assertThat(said()).isEqualTo("--rate fast: expected a rate such as 20Mbps");
        assertThat(inject("--node", "node-1", "--fault", "kill", "--cluster", out.toString()))
                .isEqualTo(2);
        assertThat(said()).contains("is not the folder of a cluster that bin/murmuration local --faults has started");
        assertThat(orders).isEmpty();
    }

    @Test
    void without_a_cluster_that_runs_it_says_how_to_start_one() throws Exception {
        Door.read(folder); // there while the cluster is
        Path stale = Files.createDirectory(out.resolve("local-0"));
        new Door(1, "a cluster that was killed").write(stale);
        assertThat(inject("--node", "node-1", "--fault", "leave")).as(said()).isZero();
        assertThat(orders).containsExactly("leave node-1");
        over = true;
        thread.join();
        faults.close();
        assertThat(inject("--node", "node-1", "--fault", "leave")).isEqualTo(2);
        assertThat(said()).startsWith("no cluster with faults runs in " + out).contains("--faults");
        assertThat(inject("--node", "node-1", "--fault", "leave", "--cluster", stale.toString()))
                .isEqualTo(2);
        assertThat(said()).isEqualTo("no cluster runs in " + stale + " any more");
    }

    @Test
    void only_the_owner_can_read_the_token_and_without_it_nothing_is_done() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("faults.json"))))
                .isEqualTo("rw-------");
        Path other = Files.createDirectory(out.resolve("other"));
        new Door(Door.read(folder).port(), "guessed").write(other);
        assertThat(inject("--node", "node-1", "--fault", "kill", "--cluster", other.toString()))
                .isEqualTo(2);
        assertThat(said()).isEqualTo("wrong token");
        assertThat(orders).isEmpty();
    }

    @Test
    void the_command_line_knows_the_command() {
        assertThat(new Murmuration(
                                new Parts(new LocalRuns(), new CheckpointModels("java"), () -> "none"),
                                new Surroundings(terminal, Map.of(), Optional.empty(), InstantSource.system()))
                        .execute("inject", "--fault", "explode"))
                .isEqualTo(2);
        assertThat(said())
                .startsWith("murmuration: --fault explode: expected one of ")
                .hasLineCount(1);
        assertThatThrownBy(() -> Frozen.hold(Long.MAX_VALUE)).isInstanceOf(IllegalStateException.class);
    }
}
