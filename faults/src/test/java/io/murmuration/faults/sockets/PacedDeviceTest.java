package io.murmuration.faults.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.faults.simulation.compute.StageCosts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PacedDeviceTest {

    private static final Member SHARD = Member.of("eu-1:shard", 1);
    private static final MicrobatchId ID = new MicrobatchId(Purpose.TRAIN, 0, 0);
    private static final Compute.Task<?> FORWARD = new Compute.Forward(ID, new byte[0], Payload.EMPTY);
    private static final Compute.Task<?> LOSS = new Compute.Loss(ID, new byte[0], Payload.EMPTY, true);
    private static final Compute.Task<?> LOOK =
            new Compute.Loss(new MicrobatchId(Purpose.EVALUATE, 0, 0), new byte[0], Payload.EMPTY, false);
    private static final List<StageCosts> STAGES = List.of(new StageCosts(10, 20, 30, 40), new StageCosts(1, 2, 3, 4));

    @TempDir
    private Path folder;

    private static long millis(long count) {
        return Duration.ofMillis(count).toNanos();
    }

    @Test
    void a_task_takes_what_its_stage_takes_on_the_device_and_never_less_than_here() {
        Pace pace = new Pace(1, STAGES);
        assertThat(pace.nanos(FORWARD, 0, 5)).isEqualTo(10);
        assertThat(pace.nanos(LOSS, 1, 1)).isEqualTo(2);
        assertThat(pace.nanos(LOOK, 1, 1)).isEqualTo(3);
        assertThat(pace.nanos(FORWARD, 0, 50)).isEqualTo(50);
        assertThat(pace.nanos(new Compute.Discard(), 0, 7)).isEqualTo(7);
    }

    @Test
    void what_is_slow_is_slow_in_everything_and_what_is_fast_only_as_fast_as_this_machine() {
        assertThat(new Pace(10, STAGES).nanos(FORWARD, 0, 5)).isEqualTo(100);
        assertThat(new Pace(10, STAGES).nanos(FORWARD, 0, 50)).isEqualTo(500);
        assertThat(new Pace(10, STAGES).nanos(new Compute.Discard(), 0, 7)).isEqualTo(70);
        assertThat(new Pace(0.5, STAGES).nanos(FORWARD, 0, 1)).isEqualTo(5);
        assertThat(new Pace(0.5, STAGES).nanos(FORWARD, 0, 8)).isEqualTo(8);
        assertThat(Pace.NONE.nanos(FORWARD, 3, 8)).isEqualTo(8);
    }

    @Test
    void a_process_keeps_its_thread_so_long_and_reads_again_what_has_changed() throws Exception {
        Path file = folder.resolve("eu-1.pace");
        Pace slow = new Pace(1, List.of(new StageCosts(1, 1, 1, 1), new StageCosts(millis(60), 1, 1, 1)));
        slow.write(file);
        assertThat(Pace.read(file)).isEqualTo(slow);
        PacedDevice device = new PacedDevice(Optional.of(file));
        device.opened(SHARD, 1);
        assertThat(device.stage(SHARD)).isEqualTo(1);

        long submitted = System.nanoTime();
        long busy = device.ended(SHARD, FORWARD, submitted, true);
        assertThat(busy).isBetween(millis(60), System.nanoTime() - submitted);
        // Handed in together with the first one: it began when that was over.
        long second = device.ended(SHARD, FORWARD, submitted, true);
        assertThat(second).isBetween(millis(60), System.nanoTime() - submitted - busy);
        assertThat(device.ended(SHARD, FORWARD, System.nanoTime(), false)).isLessThan(millis(60));

        new Pace(3, slow.stages()).write(file);
        Files.setLastModifiedTime(
                file, FileTime.from(Files.getLastModifiedTime(file).toInstant().plusSeconds(1)));
        assertThat(device.ended(SHARD, FORWARD, System.nanoTime(), true)).isGreaterThanOrEqualTo(millis(180));
    }
}
