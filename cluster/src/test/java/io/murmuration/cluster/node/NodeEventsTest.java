package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.transport.NodeIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeEventsTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(7));
    private static final Member HERE = Member.of("a:trainer", 1_000_000);
    private static final Member ONE = Member.of("b:shard", 1_000_000);
    private static final Member OTHER = Member.of("c:shard", 1_000_000);

    @TempDir
    private Path folder;

    private final List<String> complaints = new ArrayList<>();
    private EventFile file;
    private NodeEvents events;

    @BeforeEach
    void open() {
        file = new EventFile(folder, 1000, CLOCK, complaints::add);
        events = new NodeEvents(file, new NodeIdentity("a", 1, "run", 1));
    }

    @AfterEach
    void close() {
        file.close();
    }

    /** What is in the file once everything is written. */
    private List<String> lines() throws IOException {
        file.close();
        return Files.readAllLines(folder.resolve(EventFile.NAME));
    }

    private static RunEvent committed(long step, long number, double loss) {
        return new RunEvent.StepCommitted(
                step, loss, 1.5, 2, 1, 1, new Roster(new Epoch(1, number), List.of(List.of(ONE)), List.of(HERE)));
    }

    @Test
    void the_roster_is_told_when_it_is_another_and_an_unknown_loss_is_null() throws IOException {
        events.told(committed(0, 1, 5.5));
        events.told(committed(1, 1, Double.NaN));

        assertThat(lines())
                .containsExactly(
                        "{\"event\":\"roster\",\"term\":1,\"number\":1,\"stages\":[[\"b:shard#1000000\"]],"
                                + "\"trainers\":[\"a:trainer#1000000\"],\"node\":\"a\",\"life\":1,\"time\":7}",
                        "{\"event\":\"stepCommitted\",\"step\":0,\"loss\":5.5,\"gradientNorm\":1.5,\"counted\":2,"
                                + "\"replayed\":1,\"shards\":1,\"node\":\"a\",\"life\":1,\"time\":7}",
                        "{\"event\":\"stepCommitted\",\"step\":1,\"loss\":null,\"gradientNorm\":1.5,\"counted\":2,"
                                + "\"replayed\":1,\"shards\":1,\"node\":\"a\",\"life\":1,\"time\":7}");
        assertThat(complaints).isEmpty();
    }

    @Test
    void a_full_file_takes_the_place_of_the_older_one_and_no_file_grows_beyond_its_size() throws IOException {
        for (int step = 0; step < 100; step++) {
            events.told(committed(step, 1, 5));
        }
        file.close();

        assertThat(Files.size(folder.resolve(EventFile.NAME))).isBetween(1L, 1000L);
        assertThat(Files.size(folder.resolve(EventFile.OLDER))).isBetween(1L, 1000L);
        assertThat(lines().getLast()).contains("\"step\":99,");
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void after_a_line_that_was_cut_the_next_one_begins_anew() throws IOException {
        file.close();
        Files.writeString(folder.resolve(EventFile.NAME), "{\"event\":\"step");

        try (EventFile again = new EventFile(folder, 1000, CLOCK, complaints::add)) {
            again.write(EventFile.event("lifeBegan"));
        }

        assertThat(lines()).containsExactly("{\"event\":\"step", "{\"event\":\"lifeBegan\",\"time\":7}");
    }

    @Test
    void a_folder_that_cannot_be_had_is_reported_once() throws IOException {
        Path taken = Files.writeString(folder.resolve("taken"), "a file");

        try (EventFile none = new EventFile(taken, 1000, CLOCK, complaints::add)) {
            none.write(EventFile.event("lifeBegan"));
        }

        assertThat(complaints).hasSize(1).first().asString().contains("the node goes on");
    }

    @Test
    void only_what_was_sent_and_not_refused_is_sent_again() throws IOException {
        Answering plane = new Answering();
        DataPlane watched = events.watch(plane);

        plane.answer = new DataPlane.Refused(Refusal.of(Refusal.Reason.NO_CREDIT, "full"));
        watched.offer(forward(ONE, 1), outcome -> {});
        plane.answer = new DataPlane.Failed("gone");
        watched.offer(forward(ONE, 2), outcome -> {});
        plane.answer = new DataPlane.Accepted();
        watched.offer(forward(OTHER, 3), outcome -> {});

        assertThat(plane.offered).isEqualTo(3);
        assertThat(lines())
                .containsExactly("{\"event\":\"sentAgain\",\"member\":\"b:shard#1000000\",\"by\":\"a:trainer#1000000\","
                        + "\"to\":\"c:shard#1000000\",\"microbatch\":\"4/1\",\"stage\":0,\"attempt\":3,"
                        + "\"replay\":false,\"node\":\"a\",\"life\":1,\"time\":7}");
    }

    private static DataFrame forward(Member to, int attempt) {
        return new DataFrame.Forward(
                new Route("run", HERE, to),
                new MicrobatchId(Purpose.TRAIN, 4, 1),
                0,
                attempt,
                Optional.empty(),
                new byte[0],
                Payload.EMPTY);
    }

    @Test
    void a_shard_that_has_applied_a_step_is_told_with_its_stage_and_digest() throws IOException {
        Compute watched = events.watch(new Computing());

        watched.submit(ONE, new Compute.Open(2, 0, true), outcome -> {});
        watched.submit(ONE, new Compute.Apply(5, 1.0), outcome -> {});

        assertThat(lines())
                .containsExactly("{\"event\":\"applied\",\"member\":\"b:shard#1000000\",\"stage\":2,\"step\":5,"
                        + "\"digest\":\"abc\",\"node\":\"a\",\"life\":1,\"time\":7}");
    }

    /** Answers every offer at once. */
    private static final class Answering implements DataPlane {
        private Outcome answer = new Accepted();
        private int offered;

        @Override
        public void attach(Member self, Consumer<Delivery> inbox) {}

        @Override
        public void detach(Member self) {}

        @Override
        public void offer(DataFrame frame, Consumer<Outcome> done) {
            offered++;
            done.accept(answer);
        }
    }

    private static final class Computing implements Compute {
        @Override
        @SuppressWarnings("unchecked")
        public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
            R result = (R) (task instanceof Apply ? "abc" : Nothing.NOTHING);
            done.accept(new Completed<>(result));
        }

        @Override
        public void release(Member owner) {}
    }
}
