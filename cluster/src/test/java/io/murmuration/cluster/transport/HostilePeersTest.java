package io.murmuration.cluster.transport;

import static io.murmuration.cluster.transport.DataPlaneContract.next;
import static io.murmuration.cluster.transport.Frames.RECEIVER;
import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Route;
import io.murmuration.cluster.config.DataPlaneSettings;
import io.murmuration.cluster.serialization.FrameCodec;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Over real sockets: whatever a peer sends that has been let in, or has not, it is refused and the node serves the others. */
final class HostilePeersTest {

    private static final Wires WIRES = new Wires();
    private static final AtomicInteger PEERS = new AtomicInteger();
    private static final BlockingQueue<DataPlane.Delivery> DELIVERIES = new LinkedBlockingQueue<>();
    private static final BlockingQueue<DataPlane.Outcome> OUTCOMES = new LinkedBlockingQueue<>();
    private static final List<TcpDataPlane> PLANES = new ArrayList<>();

    /** What is sent by who has been let in, and what it is called. */
    private enum Attack {
        NOISE(null),
        ANOTHER_KIND(BadFrameException.Reason.KIND),
        HUGE_LENGTH(BadFrameException.Reason.LENGTH),
        NEGATIVE_LENGTH(BadFrameException.Reason.LENGTH),
        WRONG_CHECKSUM(BadFrameException.Reason.CHECKSUM),
        WORD_OUT_OF_PLACE(BadFrameException.Reason.ORDER),
        DATA_OF_NOTHING(BadFrameException.Reason.ORDER),
        WRONG_NUMBER(BadFrameException.Reason.ORDER),
        SAME_FRAME_AGAIN(BadFrameException.Reason.ORDER),
        FRAME_WITHIN_A_FRAME(BadFrameException.Reason.ORDER),
        TOO_LARGE(BadFrameException.Reason.SIZE),
        NEGATIVE_SIZE(BadFrameException.Reason.SIZE),
        OTHER_SIZE_THAN_ITS_PARTS(BadFrameException.Reason.HEADER),
        NOISE_AS_HEADER(BadFrameException.Reason.HEADER),
        CUT_HEADER(BadFrameException.Reason.HEADER),
        ANOTHER_CLASS(BadFrameException.Reason.SENDER),
        ANOTHERS_NAME(BadFrameException.Reason.SENDER),
        MORE_THAN_THE_WINDOW(BadFrameException.Reason.CREDIT);

        /** Empty where it may be any. */
        private final Optional<BadFrameException.Reason> reason;

        Attack(BadFrameException.Reason reason) {
            this.reason = Optional.ofNullable(reason);
        }
    }

    @BeforeContainer
    static void start() {
        DataPlaneSettings usual = Wires.SETTINGS;
        // Remembers all who come here, so that each is counted by name.
        DataPlaneSettings settings = new DataPlaneSettings(
                usual.bindHost(),
                0,
                usual.largestMessage(),
                usual.windows(),
                usual.queueFrames(),
                usual.queueBytes(),
                0,
                usual.times(),
                usual.backoff(),
                usual.marks(),
                usual.connections(),
                4096,
                0);
        TcpDataPlane beta = WIRES.plane(Wires.identity("beta"), settings, Optional.empty());
        beta.attach(RECEIVER, DELIVERIES::add);
        PLANES.add(beta);
        PLANES.add(WIRES.plane("alpha"));
    }

    @AfterContainer
    static void stop() {
        WIRES.close();
    }

    private static TcpDataPlane beta() {
        return PLANES.getFirst();
    }

    /** Every one a new node, because those before are kept out. */
    private static NodeIdentity peer() {
        return Wires.identity("peer-" + PEERS.incrementAndGet());
    }

    @Property(tries = 90, shrinking = ShrinkingMode.OFF)
    void nonsense_of_who_was_let_in_ends_its_connection_by_name_and_the_node_serves_the_others(
            @ForAll Attack attack, @ForAll long seed) throws Exception {
        NodeIdentity identity = peer();
        int good;
        try (Stranger stranger = Stranger.letIn(beta(), identity)) {
            SplittableRandom random = new SplittableRandom(seed);
            good = random.nextInt(3);
            for (int id = 1; id <= good; id++) {
                stranger.raw(whole(id, frame(identity, id, random.nextInt(2000))));
            }
            sent(stranger, bytes(attack, identity, good + 1, random));
            if (attack == Attack.NOISE) {
                stranger.endsItsWords();
            }
            stranger.assertEnds();
        }
        attack.reason.ifPresent(reason -> assertThat(beta().refusals().counts())
                .containsEntry(new WireRefusals.Key(identity.node(), reason.name()), 1L));
        int more = attack == Attack.SAME_FRAME_AGAIN ? 1 : 0;
        for (int i = 0; i < good + more; i++) {
            next(DELIVERIES).accept();
        }
        if (attack == Attack.MORE_THAN_THE_WINDOW) {
            // What fits was taken, and is answered into the void.
            DELIVERIES.forEach(DataPlane.Delivery::accept);
            DELIVERIES.clear();
        }
        assertServesOthers();
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void a_frame_that_is_cut_anywhere_is_never_delivered(@ForAll long seed) throws Exception {
        NodeIdentity identity = peer();
        SplittableRandom random = new SplittableRandom(seed);
        byte[] all = whole(1, frame(identity, 1, 1 + random.nextInt(600_000)));
        try (Stranger stranger = Stranger.letIn(beta(), identity)) {
            sent(stranger, java.util.Arrays.copyOf(all, random.nextInt(all.length)));
            stranger.endsItsWords();
            stranger.assertEnds();
        }
        assertServesOthers();
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void who_was_not_let_in_gets_nowhere(@ForAll Attack attack, @ForAll long seed) throws Exception {
        NodeIdentity identity = peer();
        try (Stranger stranger = new Stranger(beta())) {
            sent(stranger, bytes(attack, identity, 1, new SplittableRandom(seed)));
            stranger.endsItsWords();
            stranger.assertEnds();
        }
        assertThat(beta().refusals().counts().keySet())
                .extracting(WireRefusals.Key::peer)
                .doesNotContain(identity.node());
        assertServesOthers();
    }

    @Property(tries = 20, shrinking = ShrinkingMode.OFF)
    void another_run_and_words_played_back_are_rejected(@ForAll long seed) throws Exception {
        NodeIdentity identity = peer();
        SplittableRandom random = new SplittableRandom(seed);
        byte[] noise = new byte[random.nextInt(40)];
        random.nextBytes(noise);
        NodeIdentity elsewhere = new NodeIdentity(
                identity.node(), identity.life(), java.util.HexFormat.of().formatHex(noise), Wires.PROTOCOL);
        try (Stranger stranger = Stranger.saysHello(beta(), elsewhere)) {
            assertThat(Handshake.rejection(stranger.body()).reason()).isEqualTo(Rejection.Reason.RUN);
            stranger.assertEnds();
        }
        byte[] heard;
        try (Stranger stranger = new Stranger(beta())) {
            heard = stranger.nonce();
        }
        try (Stranger stranger = new Stranger(beta())) {
            stranger.nonce();
            stranger.hello(identity, heard);
            assertThat(Handshake.rejection(stranger.body()).reason()).isEqualTo(Rejection.Reason.REPLAY);
            stranger.assertEnds();
        }
        assertServesOthers();
    }

    /** It may be cut off before it has said everything. */
    private static void sent(Stranger stranger, byte[] bytes) throws IOException {
        try {
            stranger.raw(bytes);
        } catch (SocketException cutOff) {
            assertThat(cutOff).hasMessageMatching("(?s).*(reset|Broken pipe).*");
        }
    }

    private static void assertServesOthers() throws InterruptedException {
        PLANES.getLast().offer(Frames.chunk(1, 100), OUTCOMES::add);
        DataPlane.Delivery delivery = next(DELIVERIES);
        assertThat(delivery.frame().route()).isEqualTo(Frames.ROUTE);
        delivery.accept();
        assertThat(next(OUTCOMES)).isEqualTo(new DataPlane.Accepted());
    }

    private static DataFrame frame(NodeIdentity identity, int index, int bytes) {
        Route route = new Route("run-1", Member.of(identity.node() + ":shard", 7), RECEIVER);
        return new DataFrame.StateChunk(route, 1, 42, index, Frames.payload(index, bytes));
    }

    private static byte[] whole(long id, DataFrame frame) {
        WireWriter writer = new WireWriter();
        FrameCutter cutter = new FrameCutter(writer);
        cutter.begin(id, FrameCodec.encode(frame));
        while (!cutter.done()) {
            cutter.next();
        }
        return writer.take().toArray();
    }

    private static byte[] begin(long id, long size, byte[] header) {
        return Stranger.frame(
                Kind.BEGIN,
                ByteBuffer.allocate(2 * Long.BYTES + header.length)
                        .putLong(id)
                        .putLong(size)
                        .put(header)
                        .array());
    }

    private static byte[] header(int length, int kind) {
        return ByteBuffer.allocate(Kind.HEADER)
                .putInt(length)
                .put((byte) kind)
                .putInt(0)
                .array();
    }

    private static byte[] bytes(Attack attack, NodeIdentity identity, int id, SplittableRandom random) {
        byte[] noise = new byte[random.nextInt(10, 3000)];
        random.nextBytes(noise);
        DataFrame frame = frame(identity, id, 1000);
        byte[] whole = whole(id, frame);
        FrameCodec.Encoded encoded = FrameCodec.encode(frame);
        int kind = 1 + random.nextInt(9);
        return switch (attack) {
            case NOISE -> noise;
            case ANOTHER_KIND -> header(0, random.nextBoolean() ? 0 : random.nextInt(10, 128));
            case HUGE_LENGTH -> header(Kind.of(kind).mostBytes() + 1 + random.nextInt(1 << 30), kind);
            case NEGATIVE_LENGTH -> header(-1 - random.nextInt(1 << 30), kind);
            case WRONG_CHECKSUM -> {
                whole[Kind.HEADER - 1] ^= (byte) (1 << random.nextInt(8));
                yield whole;
            }
            case WORD_OUT_OF_PLACE ->
                Stranger.frame(
                        random.nextBoolean() ? Kind.WELCOME : Kind.HELLO,
                        new Handshake.Welcome("beta", 1, 1 << 20, 1 << 20).body());
            case DATA_OF_NOTHING -> Stranger.frame(Kind.DATA, new byte[1 + random.nextInt(1000)]);
            case WRONG_NUMBER ->
                begin(id + (random.nextBoolean() ? -1 : 1) * (1 + random.nextLong(1 << 30)), 1000, encoded.header());
            case SAME_FRAME_AGAIN -> {
                byte[] twice = java.util.Arrays.copyOf(whole, 2 * whole.length);
                System.arraycopy(whole, 0, twice, whole.length, whole.length);
                yield twice;
            }
            case FRAME_WITHIN_A_FRAME -> {
                byte[] begun = begin(id, 1000, encoded.header());
                byte[] twice = java.util.Arrays.copyOf(begun, 2 * begun.length);
                System.arraycopy(begun, 0, twice, begun.length, begun.length);
                yield twice;
            }
            case TOO_LARGE -> begin(id, Wires.SETTINGS.largestMessage() + 1 + random.nextLong(1L << 60), new byte[9]);
            case NEGATIVE_SIZE -> begin(id, -1 - random.nextLong(1L << 60), encoded.header());
            case OTHER_SIZE_THAN_ITS_PARTS -> begin(id, random.nextInt(1000), encoded.header());
            case NOISE_AS_HEADER -> begin(id, 1000, noise);
            case CUT_HEADER ->
                begin(id, 1000, java.util.Arrays.copyOf(encoded.header(), random.nextInt(encoded.header().length)));
            case ANOTHER_CLASS -> whole(id, Frames.backward(id, 1000));
            case ANOTHERS_NAME -> whole(id, Frames.chunk(id, 1000));
            case MORE_THAN_THE_WINDOW -> {
                int each = 600_000;
                java.io.ByteArrayOutputStream many = new java.io.ByteArrayOutputStream();
                for (int i = 0; i < 1 + Wires.SETTINGS.windows().bulk() / each; i++) {
                    many.writeBytes(whole((long) id + i, frame(identity, id + i, each)));
                }
                yield many.toByteArray();
            }
        };
    }
}
