package io.murmuration.faults.simulation.world;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Replay;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What goes into the history for a data frame: every field, the long ones by length and checksum, so that two histories
 * with one hash carried the same tensors.
 */
final class FrameContent {

    private FrameContent() {}

    static byte[] of(DataFrame frame) {
        List<Long> numbers = new ArrayList<>();
        switch (frame) {
            case DataFrame.Forward forward -> {
                add(numbers, 1, forward.stage(), forward.attempt(), checksum(forward.tokens()));
                add(numbers, forward.id());
                forward.replay().ifPresent(replay -> add(numbers, replay));
            }
            case DataFrame.Backward backward -> {
                add(numbers, 2, backward.attempt(), Double.doubleToLongBits(backward.loss()));
                add(numbers, backward.id());
            }
            case DataFrame.AveragePart part ->
                add(numbers, 3, part.step(), part.round(), part.part(), part.average() ? 1 : 0);
            case DataFrame.StateChunk chunk ->
                add(numbers, 4, chunk.stage(), chunk.version(), chunk.index(), chunk.chunks());
        }
        Payload payload = frame.payload();
        add(numbers, payload.size(), payload.uncompressedBytes(), checksum(payload.bytes()));
        byte[] route = (frame.route().run() + " " + frame.route().from() + " "
                        + frame.route().to())
                .getBytes(StandardCharsets.UTF_8);
        ByteBuffer content = ByteBuffer.allocate(numbers.size() * Long.BYTES + route.length);
        numbers.forEach(content::putLong);
        return content.put(route).array();
    }

    private static void add(List<Long> numbers, MicrobatchId id) {
        add(numbers, id.purpose().ordinal(), id.step(), id.index());
    }

    private static void add(List<Long> numbers, Replay replay) {
        add(numbers, replay.from(), replay.to());
        replay.counting().forEach(stage -> numbers.add((long) stage));
        String holder = replay.gradientHolder().map(Member::toString).orElse("");
        numbers.add(checksum(holder.getBytes(StandardCharsets.UTF_8)));
    }

    private static void add(List<Long> numbers, long... more) {
        for (long each : more) {
            numbers.add(each);
        }
    }

    private static long checksum(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes);
        return checksum.getValue();
    }
}
