package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Replay;
import io.murmuration.actors.protocol.Route;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Data frames for tests. */
final class Frames {

    static final Member SENDER = Member.of("alpha:shard", 7_000_000);
    static final Member RECEIVER = Member.of("beta:shard", 9_000_001);
    static final Route ROUTE = new Route("run-1", SENDER, RECEIVER);

    private Frames() {}

    static DataFrame.StateChunk chunk(int index, int bytes) {
        return new DataFrame.StateChunk(ROUTE, 1, 42, index, payload(index, bytes));
    }

    static DataFrame.Forward forward(int index, int tokens, int bytes) {
        byte[] ids = new byte[tokens];
        new SplittableRandom(index).nextBytes(ids);
        return new DataFrame.Forward(
                ROUTE,
                new MicrobatchId(Purpose.TRAIN, 3, index),
                1,
                2,
                Optional.of(new Replay(0, 2, List.of(1), Optional.of(SENDER))),
                ids,
                payload(index, bytes));
    }

    static DataFrame.Backward backward(int index, int bytes) {
        return new DataFrame.Backward(
                ROUTE, new MicrobatchId(Purpose.EVALUATE, 3, index), 1, Math.PI, payload(index, bytes));
    }

    static Payload payload(int seed, int bytes) {
        byte[] content = new byte[bytes];
        new SplittableRandom(seed).nextBytes(content);
        return new Payload(content, 4L * bytes);
    }

    /** Arrays of records are equal only if they are the same, so all that is in a frame is compared as text. */
    static String content(DataFrame frame) {
        String tokens = frame instanceof DataFrame.Forward forward ? java.util.Arrays.toString(forward.tokens()) : "";
        String header = frame instanceof DataFrame.Forward f
                ? f.route() + " " + f.id() + " " + f.stage() + " " + f.attempt() + " " + f.replay()
                : frame.toString();
        return header + tokens + java.util.Arrays.hashCode(frame.payload().bytes()) + frame.payload();
    }
}
