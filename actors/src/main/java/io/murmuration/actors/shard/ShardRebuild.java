package io.murmuration.actors.shard;

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
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * A shard that builds a stage which nobody has any more: it pulls the layers of both neighbours, at one version, and when
 * both are there has their mean computed. Used by {@link Shard}, which forgets it when that is done.
 */
final class ShardRebuild {

    private final ActorPorts ports;
    private final ShardSettings settings;
    private final ShardJoin.Owner owner;
    private ShardMessage.Rebuild order;
    private final TreeMap<Integer, SnapshotFetch> fetches = new TreeMap<>();
    private int complete;
    private boolean closed;

    /** The stage has been opened, empty. */
    ShardRebuild(ActorPorts ports, ShardSettings settings, ShardMessage.Rebuild order, ShardJoin.Owner owner) {
        this.ports = ports;
        this.settings = settings;
        this.order = order;
        this.owner = owner;
        begin(order.stage() - 1);
        begin(order.stage() + 1);
    }

    private ShardMessage.Neighbour neighbour(int stage) {
        return stage < order.stage() ? order.below() : order.above();
    }

    private void begin(int stage) {
        ports.compute(new Compute.NeighbourPart(stage), part -> {
            if (closed) {
                return;
            }
            SnapshotFetch fetch = new SnapshotFetch(
                    ports, settings.transfer(), stage, order.version(), Optional.of(part.bytes()), new Fetched(stage));
            fetch.only(part.from(), part.to());
            fetch.donors(neighbour(stage).donors());
            fetches.put(stage, fetch);
        });
    }

    private final class Fetched implements SnapshotFetch.Owner {
        private final int stage;

        private Fetched(int stage) {
            this.stage = stage;
        }

        @Override
        public void write(int index, int chunks, Payload chunk) {
            ports.compute(new Compute.WriteNeighbour(stage, index, chunks, chunk), nothing -> {});
        }

        @Override
        public void bad(Member donor, String reason) {
            owner.bad(order.version(), donor, reason);
        }

        /** Of two snapshots, neither is the half of anything that an observer would ask for. */
        @Override
        public void quarters(int passed) {}

        @Override
        public void complete() {
            complete++;
            if (complete == 2) {
                build();
            }
        }

        @Override
        public void stuck() {
            owner.failed(
                    order.version(),
                    true,
                    "no donor of stage " + stage + " at version " + order.version() + " is left");
        }
    }

    private void build() {
        ports.compute(
                new Compute.Rebuild(
                        order.version(),
                        order.below().gradientNorm(),
                        order.above().gradientNorm()),
                nothing -> {});
        ports.compute(new Compute.StateDigest(), digest -> {
            if (!closed) {
                owner.holds(order.version(), digest, true);
            }
        });
    }

    /** Whether this is what {@code asked} wants, whoever the donors are: norms are those of one step. */
    boolean isFor(ShardMessage.Rebuild asked) {
        return order.stage() == asked.stage() && order.version() == asked.version();
    }

    /** Asked again, perhaps with other donors. */
    void again(ShardMessage.Rebuild asked) {
        order = asked;
        fetches.forEach((stage, fetch) -> fetch.donors(neighbour(stage).donors()));
    }

    void arrived(DataPlane.Delivery delivery) {
        int stage =
                switch (delivery.frame()) {
                    case DataFrame.StateManifest frame -> frame.stage();
                    case DataFrame.StateChunk frame -> frame.stage();
                    default -> -1;
                };
        Optional.ofNullable(fetches.get(stage))
                .ifPresentOrElse(
                        fetch -> fetch.arrived(delivery),
                        () -> delivery.refuse(Refusal.of(
                                Refusal.Reason.NOT_OPEN, "no snapshot of stage " + stage + " was asked for")));
    }

    void notServed(Member from, TransferMessage.NotServed message) {
        Optional.ofNullable(fetches.get(message.stage())).ifPresent(fetch -> fetch.notServed(from, message));
    }

    /** A member is not there any more. */
    void gone(Member member) {
        fetches.values().forEach(fetch -> fetch.gone(member));
    }

    /** After every message. */
    void proceed() {
        fetches.values().forEach(SnapshotFetch::proceed);
    }

    /** When there will be something to do although nothing comes. */
    OptionalLong wake() {
        return fetches.values().stream()
                .map(SnapshotFetch::wake)
                .flatMapToLong(OptionalLong::stream)
                .min();
    }

    /** It is done, or the shard starts over: donors need not keep anything for it. */
    void close() {
        closed = true;
        fetches.values().forEach(SnapshotFetch::stop);
    }
}
