package io.murmuration.cluster.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.DataFrame.Traffic;
import io.murmuration.cluster.serialization.FrameCodec;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Frames cut, sent in any pieces and put together again; and what is no frame. */
final class WireFramesTest {

    private static final long LARGEST = 1 << 20;
    private static final long WINDOW = 2 << 20;

    /** What a receiver does, without a socket. */
    private static final class Receiving implements WireReader.Handler {
        private final FrameAssembly assembly = new FrameAssembly("alpha", Traffic.BULK, LARGEST, WINDOW);
        private final WireReader reader = new WireReader(this);
        private final List<FrameAssembly.Arrived> arrived = new ArrayList<>();

        @Override
        public void frame(Kind kind, byte[] body) {
            if (kind != Kind.BEGIN) {
                throw WireEnd.unexpected(kind);
            }
            assembly.begin(body).ifPresent(arrived::add);
        }

        @Override
        public void dataFollows(int length) {
            assembly.follows(length);
        }

        @Override
        public int take(ByteBuffer input, int most, CRC32C crc) {
            return assembly.take(input, most, crc);
        }

        @Override
        public void dataComplete() {
            assembly.whole().ifPresent(arrived::add);
        }
    }

    private static byte[] bytes(long firstId, DataFrame... frames) {
        WireWriter writer = new WireWriter();
        FrameCutter cutter = new FrameCutter(writer);
        long id = firstId;
        for (DataFrame frame : frames) {
            cutter.begin(id, FrameCodec.encode(frame));
            id++;
            while (!cutter.done()) {
                cutter.next();
            }
        }
        return writer.take().toArray();
    }

    @Property(tries = 300)
    void frames_come_back_whatever_pieces_the_network_makes_of_them(
            @ForAll @IntRange(max = 600_000) int first, @ForAll @IntRange(max = 20_000) int second, @ForAll long seed) {
        DataFrame one = Frames.chunk(1, first);
        DataFrame two = Frames.chunk(2, second);
        byte[] bytes = bytes(1, one, two);
        Receiving receiving = new Receiving();
        SplittableRandom random = new SplittableRandom(seed);
        for (int at = 0; at < bytes.length; ) {
            int some = Math.min(bytes.length - at, random.nextInt(1, random.nextBoolean() ? 5000 : 300_000));
            receiving.reader.feed(ByteBuffer.wrap(bytes, at, some).asReadOnlyBuffer());
            at += some;
        }
        assertThat(receiving.arrived.stream().map(frame -> Frames.content(frame.frame())))
                .containsExactly(Frames.content(one), Frames.content(two));
        assertThat(receiving.assembly.held())
                .isEqualTo(receiving.arrived.stream()
                        .mapToLong(FrameAssembly.Arrived::cost)
                        .sum());
    }

    @Property(tries = 500)
    void a_damaged_byte_never_passes(@ForAll @IntRange(max = 20_000) int size, @ForAll long seed) {
        byte[] bytes = bytes(1, Frames.chunk(1, size));
        SplittableRandom random = new SplittableRandom(seed);
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        Receiving receiving = new Receiving();
        try {
            receiving.reader.feed(ByteBuffer.wrap(bytes));
        } catch (BadFrameException e) {
            assertThat(e).hasMessageMatching("(?s).+");
        }
        assertThat(receiving.arrived).isEmpty();
    }

    @Property(tries = 2000)
    void random_bytes_are_refused_without_room_for_them(@ForAll byte[] bytes) {
        Receiving receiving = new Receiving();
        try {
            receiving.reader.feed(ByteBuffer.wrap(bytes));
        } catch (BadFrameException e) {
            assertThat(e).hasMessageMatching("(?s).+");
        }
        assertThat(receiving.arrived).isEmpty();
        assertThat(receiving.assembly.held()).isZero();
    }

    @Property(tries = 2000)
    void random_bodies_with_right_checksums_are_refused_too(
            @ForAll byte[] body, @ForAll @IntRange(min = 1, max = 9) int code) {
        Kind kind = Kind.of(code);
        if (body.length > kind.mostBytes()) {
            return;
        }
        WireWriter writer = new WireWriter();
        writer.frame(kind, body);
        Receiving receiving = new Receiving();
        assertThatThrownBy(() ->
                        receiving.reader.feed(ByteBuffer.wrap(writer.take().toArray())))
                .isInstanceOf(BadFrameException.class);
        assertThat(receiving.arrived).isEmpty();
    }

    @Property(tries = 2000)
    void random_bodies_of_the_handshake_and_of_answers_are_refused_or_read(@ForAll byte[] body) {
        List<Runnable> readings = List.of(
                () -> Handshake.Greeting.of(body),
                () -> Handshake.Hello.of(body, 1),
                () -> Handshake.Welcome.of(body),
                () -> Handshake.rejection(body),
                () -> Answer.of(body));
        for (Runnable reading : readings) {
            try {
                reading.run();
            } catch (BadFrameException e) {
                assertThat(e).hasMessageMatching("(?s).+");
            }
        }
    }

    @Example
    void huge_lengths_are_refused_before_there_is_room_for_them() {
        for (Kind kind : Kind.values()) {
            byte[] header = ByteBuffer.allocate(Kind.HEADER)
                    .putInt(Integer.MAX_VALUE)
                    .put((byte) kind.code())
                    .putInt(0)
                    .array();
            assertThatThrownBy(() -> new Receiving().reader.feed(ByteBuffer.wrap(header)))
                    .isInstanceOf(BadFrameException.class)
                    .hasMessageContaining("got a length of 2147483647");
        }
        assertBad(bytes(1, Frames.chunk(1, (int) LARGEST + 1)), "expected a frame of at most 1048576 bytes");
    }

    /** A frame that is announced and never sent costs next to nothing. */
    @Example
    void room_is_made_as_the_bytes_arrive() {
        int announced = 256 << 20;
        FrameAssembly assembly = new FrameAssembly("alpha", Traffic.BULK, announced, announced);
        FrameCodec.Encoded frame = FrameCodec.encode(Frames.chunk(1, announced));
        byte[] begin = FrameAssembly.begin(1, frame);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        assertThat(assembly.begin(begin)).isEmpty();
        ByteBuffer some = ByteBuffer.wrap(frame.parts().getFirst(), 0, 3 << 20);
        CRC32C crc = new CRC32C();
        while (some.hasRemaining()) {
            assembly.take(some, some.remaining(), crc);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(16 << 20);
        assertThat(assembly.whole()).isEmpty();
    }

    @Example
    void a_frame_larger_than_the_first_room_arrives_as_it_was_sent() {
        byte[] content = new byte[5_000_001];
        new SplittableRandom(1).nextBytes(content);
        FrameAssembly assembly = new FrameAssembly("alpha", Traffic.BULK, 1 << 24, 1 << 24);
        DataFrame.StateChunk chunk = Frames.chunk(1, content.length);
        System.arraycopy(content, 0, chunk.payload().bytes(), 0, content.length);
        assertThat(assembly.begin(FrameAssembly.begin(1, FrameCodec.encode(chunk))))
                .isEmpty();
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
            assembly.take(bytes, Math.min(bytes.remaining(), 70_000), new CRC32C());
        }
        FrameAssembly.Arrived arrived = assembly.whole().orElseThrow();
        assertThat(((DataFrame.StateChunk) arrived.frame()).payload().bytes()).isEqualTo(content);
        assertThat(assembly.whole()).isEmpty();
    }

    @Example
    void frames_out_of_order_of_another_class_or_in_another_name_are_refused() {
        assertBad(bytes(2, Frames.chunk(1, 1)), "expected frame 1, got 2");
        byte[] one = bytes(1, Frames.chunk(1, 1));
        Receiving receiving = new Receiving();
        receiving.reader.feed(ByteBuffer.wrap(one));
        assertThatThrownBy(() -> receiving.reader.feed(ByteBuffer.wrap(one)))
                .as("the same frame again")
                .isInstanceOf(BadFrameException.class)
                .hasMessageContaining("expected frame 2, got 1");
        assertBad(bytes(1, Frames.backward(1, 1)), "a BACKWARD frame on a connection for BULK");
        FrameAssembly other = new FrameAssembly("gamma", Traffic.BULK, LARGEST, WINDOW);
        assertThatThrownBy(() -> other.begin(FrameAssembly.begin(1, FrameCodec.encode(Frames.chunk(1, 1)))))
                .hasMessageContaining("node gamma sends in the name of alpha:shard#7000000");
    }

    @Example
    void more_than_the_window_is_refused_and_answers_make_room() {
        FrameAssembly assembly = new FrameAssembly("alpha", Traffic.BULK, LARGEST, 1 << 20);
        FrameCodec.Encoded empty = FrameCodec.encode(Frames.chunk(1, 0));
        int fit = (1 << 20) / (FrameAssembly.COST_OF_ANY + empty.header().length);
        for (int id = 1; id <= fit; id++) {
            assertThat(assembly.begin(FrameAssembly.begin(id, empty))).isPresent();
        }
        byte[] more = FrameAssembly.begin(fit + 1, empty);
        assertThatThrownBy(() -> assembly.begin(more)).hasMessageContaining("are unanswered");
        assembly.answered(FrameAssembly.COST_OF_ANY + empty.header().length);
        assertThat(assembly.begin(more)).isPresent();
    }

    private static void assertBad(byte[] bytes, String why) {
        assertThatThrownBy(() -> new Receiving().reader.feed(ByteBuffer.wrap(bytes)))
                .isInstanceOf(BadFrameException.class)
                .hasMessageContaining(why);
    }

    @Property(tries = 1000)
    void random_headers_of_data_frames_are_refused_or_are_headers(@ForAll byte[] noise, @ForAll long seed) {
        byte[] header = FrameCodec.encode(Frames.forward(3, 17, 29)).header();
        SplittableRandom random = new SplittableRandom(seed);
        header[random.nextInt(header.length)] = (byte) random.nextInt(256);
        for (byte[] candidate : List.of(header, noise)) {
            try {
                FrameCodec.Arriving arriving = FrameCodec.decode(candidate, 46);
                assertThat(arriving.lengths().stream()
                                .mapToInt(Integer::intValue)
                                .sum())
                        .isEqualTo(46);
            } catch (io.murmuration.actors.protocol.ProtocolException e) {
                assertThat(e).hasMessageMatching("(?s).+");
            }
        }
    }
}
