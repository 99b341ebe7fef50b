package io.murmuration.actors.port;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Role;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Ports for tests: everything an actor does comes out here, everything it is told goes in here, time stands still. */
public final class ScriptedPorts {

    private static final long PATIENCE_SECONDS = 5;
    private static final Payload BYTES = new Payload(new byte[] {1, 2}, 8);

    /** A snapshot of three bytes in two chunks, as every stage has it here: 0, 1 and 2. */
    public static final Manifest MANIFEST = new Manifest(2, 3, List.of(sha256(chunk(0)), sha256(chunk(1))));

    /** A chunk of that snapshot. */
    public static Payload chunk(int index) {
        byte[] bytes = index == 0 ? new byte[] {0, 1} : new byte[] {2};
        return new Payload(bytes, bytes.length);
    }

    public static String sha256(Payload payload) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(payload.bytes()));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** An offer of the actor, for the test to answer. */
    public record Offer(DataFrame frame, Consumer<DataPlane.Outcome> done) {
        public void accept() {
            done.accept(new DataPlane.Accepted());
        }

        public void refuse(Refusal.Reason reason) {
            done.accept(new DataPlane.Refused(Refusal.of(reason, "scripted")));
        }
    }

    public final AtomicLong now = new AtomicLong();
    public final BlockingQueue<Membership.Event> membershipEvents = new LinkedBlockingQueue<>();
    private final BlockingQueue<Envelope> sent = new LinkedBlockingQueue<>();
    private final BlockingQueue<Offer> offers = new LinkedBlockingQueue<>();
    private final Map<Member, CompletableFuture<Consumer<Envelope>>> control = new ConcurrentHashMap<>();
    private final Map<Member, CompletableFuture<Consumer<DataPlane.Delivery>>> data = new ConcurrentHashMap<>();
    private final Set<Class<?>> failing = ConcurrentHashMap.newKeySet();
    private final Set<Class<?>> held = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<Runnable> heldTasks = new ConcurrentLinkedQueue<>();
    private final BlockingQueue<Compute.Task<?>> tasks = new LinkedBlockingQueue<>();

    public Ports ports() {
        return new Ports(new ScriptedCompute(), new ScriptedData(), new ScriptedControl(), new Seen(), now::get, 1);
    }

    /** Tasks of this kind fail from now on. */
    public void fail(Class<?> kind) {
        failing.add(kind);
    }

    /** Tasks of this kind succeed again. */
    public void succeed(Class<?> kind) {
        failing.remove(kind);
    }

    /** Tasks of this kind take until {@link #release}. */
    public void hold(Class<?> kind) {
        held.add(kind);
    }

    public void release() {
        held.clear();
        heldTasks.forEach(Runnable::run);
        heldTasks.clear();
    }

    /** Tells {@code to} something on the control plane. */
    public void tell(Member from, Member to, ControlMessage message) throws InterruptedException {
        await(control, to).accept(new Envelope(from, to, message));
    }

    /** Delivers a frame; the result is the receiver's answer. */
    public BlockingQueue<DataPlane.Outcome> deliver(DataFrame frame, Member at) throws InterruptedException {
        BlockingQueue<DataPlane.Outcome> answer = new LinkedBlockingQueue<>();
        await(data, at).accept(new DataPlane.Delivery() {
            @Override
            public DataFrame frame() {
                return frame;
            }

            @Override
            public void accept() {
                answer.add(new DataPlane.Accepted());
            }

            @Override
            public void refuse(Refusal refusal) {
                answer.add(new DataPlane.Refused(refusal));
            }
        });
        return answer;
    }

    public static DataPlane.Outcome outcome(BlockingQueue<DataPlane.Outcome> answer) throws InterruptedException {
        return taken(answer, "an answer to a frame");
    }

    private static <T> CompletableFuture<T> inbox(Map<Member, CompletableFuture<T>> inboxes, Member member) {
        return inboxes.computeIfAbsent(member, absent -> new CompletableFuture<>());
    }

    /** An actor attaches itself when it starts. */
    private static <T> T await(Map<Member, CompletableFuture<T>> inboxes, Member member) throws InterruptedException {
        try {
            return inbox(inboxes, member).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError(member + " has not attached itself", e);
        }
    }

    /** The next message of this kind that the actor sends; others before it are passed over. */
    public <T extends ControlMessage> T sent(Class<T> kind) throws InterruptedException {
        return kind.cast(sentTo(kind).message());
    }

    public Envelope sentTo(Class<? extends ControlMessage> kind) throws InterruptedException {
        while (true) {
            Envelope envelope = taken(sent, kind.getSimpleName());
            if (kind.isInstance(envelope.message())) {
                return envelope;
            }
        }
    }

    /** Whether a message of this kind was sent and not looked at yet. */
    public boolean anySent(Class<? extends ControlMessage> kind) {
        return sent.stream().anyMatch(envelope -> kind.isInstance(envelope.message()));
    }

    public Offer offer() throws InterruptedException {
        return taken(offers, "an offer");
    }

    public boolean anyOffer() {
        return !offers.isEmpty();
    }

    /** The next task of this kind; others before it are passed over. */
    public <T> T task(Class<T> kind) throws InterruptedException {
        while (true) {
            Compute.Task<?> task = taken(tasks, kind.getSimpleName());
            if (kind.isInstance(task)) {
                return kind.cast(task);
            }
        }
    }

    private static <T> T taken(BlockingQueue<T> queue, String what) throws InterruptedException {
        T next = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("expected " + what + " within " + PATIENCE_SECONDS + " s, nothing came");
        }
        return next;
    }

    private final class ScriptedControl implements ControlPlane {
        @Override
        public void attach(Member self, Consumer<Envelope> inbox) {
            inbox(control, self).complete(inbox);
        }

        @Override
        public void detach(Member self) {
            control.remove(self);
        }

        @Override
        public void send(Envelope envelope) {
            sent.add(envelope);
        }
    }

    private final class ScriptedData implements DataPlane {
        @Override
        public void attach(Member self, Consumer<Delivery> inbox) {
            inbox(data, self).complete(inbox);
        }

        @Override
        public void detach(Member self) {
            data.remove(self);
        }

        @Override
        public void offer(DataFrame frame, Consumer<Outcome> done) {
            offers.add(new Offer(frame, done));
        }
    }

    private final class Seen implements Membership {
        @Override
        public void join(Member member, Role role) {
            membershipEvents.add(new Joined(member, role));
        }

        @Override
        public void leave(Member member, String reason) {
            membershipEvents.add(new Removed(member, reason));
        }

        @Override
        public void subscribe(Member self, Consumer<Event> listener) {}

        @Override
        public void unsubscribe(Member self) {}
    }

    private final class ScriptedCompute implements Compute {
        @Override
        public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
            tasks.add(task);
            Runnable end = () -> done.accept(
                    failing.contains(task.getClass())
                            ? new Failed<>(new IllegalStateException("scripted failure"))
                            : new Completed<>(result(task)));
            if (held.contains(task.getClass())) {
                heldTasks.add(end);
            } else {
                end.run();
            }
        }

        /** The cast is safe: each case is what its {@code Task<R>} names. */
        @SuppressWarnings("unchecked")
        private <R> R result(Task<R> task) {
            Object result =
                    switch ((Task<?>) task) {
                        case Draw draw -> new byte[] {7};
                        case GradientLength length -> 8L;
                        case Loss loss -> new LossResult(0.5, BYTES);
                        case Seal seal -> new SealResult("average", 4.0);
                        case Apply apply -> "digest " + (apply.step() + 1);
                        case Redo redo -> "digest " + (redo.step() + 1);
                        case StateDigest digest -> "digest";
                        case Pin pin -> MANIFEST;
                        case OpenStored open -> MANIFEST;
                        case StateBytes bytes -> MANIFEST.bytes();
                        case ChunkDigest digest -> sha256(digest.chunk());
                        case ReadStored chunk -> chunk(chunk.index());
                        case StoredVersions versions -> List.of(3L, 5L);
                        case Forward forward -> BYTES;
                        case Backward backward -> BYTES;
                        case Contribution contribution -> BYTES;
                        case Reduce reduce -> BYTES;
                        case ReadChunk chunk -> chunk(chunk.index());
                        default -> Nothing.NOTHING;
                    };
            return (R) result;
        }

        @Override
        public void release(Member owner) {}
    }
}
