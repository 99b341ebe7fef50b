package io.murmuration.actors.shard;

import io.murmuration.actors.averaging.AverageQueue;
import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.TransferMessage;
import io.murmuration.actors.transfer.SnapshotFetch;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A shard on its way into the run: it pulls a snapshot of one version, hears the averages of the steps since, and when the
 * snapshot is complete applies those that are committed, one after the other, until it is where its stage is. Used by
 * {@link Shard}, which forgets it when the shard is in a roster.
 */
final class ShardJoin {

    /** What the shard is told. */
    interface Owner {

        /** The shard holds this version: from its snapshot, or by applying the average of the step before. */
        void holds(long version, String digest, boolean fromSnapshot);

        void quarters(long version, int passed);

        void bad(long version, Member donor, String reason);

        /** It cannot go on from this version; only with other donors, if those are what is lacking. */
        void failed(long version, boolean donorsLacking, String reason);
    }

    private final ActorPorts ports;
    private final ShardSettings settings;
    private final int stage;
    private final long base;
    private final Owner owner;
    private final AverageQueue queue;
    /** Empty until it is known how large the state is. */
    private Optional<SnapshotFetch> fetch = Optional.empty();

    private List<Member> donors;
    private long gradientLength;
    private boolean restored;
    private boolean applying;
    private boolean closed;
    private Optional<String> failure = Optional.empty();
    private long lastNews;

    /** The stage has been opened, empty. */
    ShardJoin(ActorPorts ports, ShardSettings settings, int stage, long base, List<Member> donors, Owner owner) {
        this.ports = ports;
        this.settings = settings;
        this.stage = stage;
        this.base = base;
        this.donors = donors;
        this.owner = owner;
        this.queue = new AverageQueue(base, settings.partLength(), settings.joinQueueBytes());
        ports.compute(new Compute.GradientLength(), length -> gradientLength = length);
        ports.compute(new Compute.StateBytes(), this::begin);
    }

    private void begin(long bytes) {
        if (closed) {
            return;
        }
        SnapshotFetch begun =
                new SnapshotFetch(ports, settings.transfer(), stage, base, Optional.of(bytes), new Fetched());
        begun.donors(donors);
        fetch = Optional.of(begun);
    }

    private final class Fetched implements SnapshotFetch.Owner {
        @Override
        public void write(int index, int chunks, Payload chunk) {
            ports.compute(new Compute.WriteChunk(index, chunks, chunk), nothing -> {});
        }

        @Override
        public void bad(Member donor, String reason) {
            owner.bad(base, donor, reason);
        }

        @Override
        public void quarters(int passed) {
            owner.quarters(base, passed);
        }

        @Override
        public void complete() {
            ports.compute(new Compute.StateDigest(), digest -> {
                if (!closed) {
                    restored = true;
                    lastNews = ports.now();
                    owner.holds(base, digest, true);
                }
            });
        }

        @Override
        public void stuck() {
            owner.failed(base, true, "no donor of stage " + stage + " at version " + base + " is left");
        }
    }

    long base() {
        return base;
    }

    /** Asked again, perhaps with other donors. False if the shard is to say what it holds. */
    boolean again(List<Member> named) {
        failure.ifPresent(reason -> owner.failed(base, false, reason));
        if (failure.isPresent() || restored) {
            return failure.isPresent();
        }
        donors = named;
        fetch.ifPresent(open -> open.donors(named));
        return true;
    }

    void arrived(DataPlane.Delivery delivery) {
        fetch.ifPresentOrElse(
                open -> open.arrived(delivery),
                () -> delivery.refuse(Refusal.of(Refusal.Reason.NOT_OPEN, "nothing was asked for yet")));
    }

    void notServed(Member from, TransferMessage.NotServed message) {
        fetch.ifPresent(open -> open.notServed(from, message));
    }

    /** A member is not there any more. */
    void gone(Member member) {
        fetch.ifPresent(open -> open.gone(member));
    }

    /** A part of an average has come. */
    void average(DataPlane.Delivery delivery, DataFrame.AveragePart frame) {
        queue.take(frame).ifPresentOrElse(delivery::refuse, () -> {
            delivery.accept();
            // Parts of later steps say nothing of those that are missing.
            if (frame.step() == queue.next()) {
                lastNews = ports.now();
            }
        });
        if (queue.overflown() && !restored) {
            fail("its averages took more than " + settings.joinQueueBytes()
                    + " bytes before its snapshot was complete");
        }
    }

    /** A step is committed. False if that is long known, and the shard is to say what it holds. */
    boolean follow(ShardMessage.Follow order) {
        failure.ifPresent(reason -> owner.failed(base, false, reason));
        if (order.step() < queue.next()) {
            return applying || !restored;
        }
        boolean due = queue.due();
        queue.commit(order.step(), order.round(), order.participants(), order.gradientNorm());
        if (!due) {
            lastNews = ports.now();
        }
        return true;
    }

    private void fail(String reason) {
        if (failure.isEmpty() && !closed) {
            failure = Optional.of(reason);
            fetch.ifPresent(SnapshotFetch::stop);
            owner.failed(base, false, reason);
        }
    }

    /** After every message. */
    void proceed() {
        fetch.ifPresent(SnapshotFetch::proceed);
        if (!restored || applying || failure.isPresent()) {
            return;
        }
        queue.poll(gradientLength).ifPresentOrElse(this::apply, () -> gapAt().ifPresent(at -> {
            if (at <= ports.now()) {
                fail("parts of the average of step " + queue.next() + " did not come");
            }
        }));
    }

    private void apply(AverageQueue.Committed average) {
        applying = true;
        for (AverageQueue.Part part : average.parts()) {
            ports.compute(new Compute.Accept(part.offset(), part.length(), part.average()), nothing -> {});
        }
        ports.compute(new Compute.Apply(average.step(), average.gradientNorm()), digest -> {
            applying = false;
            lastNews = ports.now();
            if (!closed) {
                owner.holds(average.step() + 1, digest, false);
            }
        });
    }

    private OptionalLong gapAt() {
        return restored && !applying && failure.isEmpty() && queue.due()
                ? OptionalLong.of(lastNews + settings.transfer().deadline().toNanos())
                : OptionalLong.empty();
    }

    /** When there will be something to do although nothing comes. */
    OptionalLong wake() {
        OptionalLong gap = gapAt();
        return gap.isPresent() ? gap : fetch.map(SnapshotFetch::wake).orElse(OptionalLong.empty());
    }

    /** It is a joiner no more, or starts over: donors need not keep anything for it. */
    void close() {
        closed = true;
        fetch.ifPresent(SnapshotFetch::stop);
    }
}
