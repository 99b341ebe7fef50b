package io.murmuration.cluster.serialization;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.protocol.TraceContext;
import org.junit.jupiter.api.Test;

final class FrameCodecTest {

    private static DataFrame.Backward frame(TraceContext trace) {
        Member from = new Member(new PeerId("a:shard"), 1);
        Member to = new Member(new PeerId("b:shard"), 2);
        MicrobatchId id = new MicrobatchId(Purpose.TRAIN, 3, 4);
        return new DataFrame.Backward(new Route("run", from, to), id, 1, 0.5, Payload.EMPTY, trace);
    }

    @Test
    void a_frame_keeps_its_place_in_a_trace_and_one_that_is_not_followed_has_four_bytes_for_it() {
        TraceContext trace = new TraceContext(Long.MIN_VALUE, -1, 0x0123456789abcdefL, true);
        byte[] followed = FrameCodec.encode(frame(trace)).header();
        byte[] other = FrameCodec.encode(frame(TraceContext.NONE)).header();

        assertThat(((DataFrame.Backward) FrameCodec.decode(followed, 0).frame()).trace())
                .isEqualTo(trace);
        assertThat(((DataFrame.Backward) FrameCodec.decode(other, 0).frame()).trace())
                .isEqualTo(TraceContext.NONE);
        // Two variable-length longs of up to nine or ten bytes, one of up to as many, and a flag, in place of four
        // zeros.
        assertThat(followed.length - other.length).isBetween(1, 27);
    }
}
