package io.murmuration.actors.transfer;

import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.TransferMessage;
import io.murmuration.actors.telemetry.Span;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The receiver's side of one transfer: asks, has every chunk checked and then written. Used by a shard or a keeper, in its
 * actor. It ends by {@link #stop}, or by itself when it is complete.
 */
public final class SnapshotFetch {

    /** Who wants the snapshot. */
    public interface Owner {

        /** A chunk is what the manifest says: put it in its place. Chunks are handed on one after the other. */
        void write(int index, int chunks, Payload chunk);

        /** A donor is not to be believed. */
        void bad(Member donor, String reason);

        /** One to three quarters are there. */
        void quarters(int passed);

        /** Every chunk has been handed on. Told once. */
        void complete();

        /** Nobody is left to ask. What is there is kept; {@link SnapshotFetch#donors} lets it go on. */
        void stuck();
    }

    private final ActorPorts ports;
    private final TransferSettings settings;
    private final SnapshotReceiver receiver;
    private final Optional<Long> bytes;
    private final Owner owner;
    private final Span span;
    private boolean over;
    private boolean toldStuck;

    /** @param bytes how large the snapshot must be, where that is known */
    public SnapshotFetch(
            ActorPorts ports, TransferSettings settings, int stage, long version, Optional<Long> bytes, Owner owner) {
        this.ports = ports;
        this.settings = settings;
        this.receiver = new SnapshotReceiver(stage, version, settings);
        this.bytes = bytes;
        this.owner = owner;
        this.span = ports.all()
                .telemetry()
                .trace("state.transfer")
                .tag("stage", stage)
                .tag("version", version);
    }

    /** Only the bytes from {@code from} to before {@code to} are wanted; said before anybody is asked. */
    public void only(long from, long to) {
        receiver.only(from, to);
    }

    public long version() {
        return receiver.version();
    }

    public boolean over() {
        return over;
    }

    /** These serve it, beside those named before. */
    public void donors(List<Member> named) {
        toldStuck = false;
        receiver.donors(named);
    }

    /** A manifest or a chunk has come; it is answered. */
    public void arrived(DataPlane.Delivery delivery) {
        switch (delivery.frame()) {
            case DataFrame.StateManifest frame -> manifest(delivery, frame);
            case DataFrame.StateChunk frame -> chunk(delivery, frame);
            default ->
                delivery.refuse(Refusal.of(Refusal.Reason.INVALID, "expected a snapshot, got " + delivery.frame()));
        }
    }

    private void manifest(DataPlane.Delivery delivery, DataFrame.StateManifest frame) {
        if (over || frame.stage() != receiver.stage() || frame.version() != receiver.version()) {
            delivery.refuse(Refusal.of(Refusal.Reason.NOT_OPEN, "no such snapshot is wanted"));
            return;
        }
        delivery.accept();
        Member from = frame.route().from();
        try {
            Manifest manifest = Manifest.decode(frame.payload());
            if (bytes.filter(expected -> expected != manifest.bytes()).isPresent()
                    || manifest.chunkBytes() > settings.chunkBytes()) {
                receiver.bad(
                        from,
                        "its manifest is of " + manifest.bytes() + " bytes in chunks of " + manifest.chunkBytes()
                                + ", expected " + bytes.map(String::valueOf).orElse("any") + " bytes in chunks of at"
                                + " most " + settings.chunkBytes());
            } else {
                span.tag("bytes", manifest.bytes());
                receiver.manifest(from, manifest);
            }
        } catch (ProtocolException e) {
            receiver.bad(from, e.getMessage());
        }
    }

    private void chunk(DataPlane.Delivery delivery, DataFrame.StateChunk frame) {
        Optional<Refusal> refusal =
                over ? Optional.of(Refusal.of(Refusal.Reason.NOT_OPEN, "complete")) : receiver.refuse(frame);
        if (refusal.isPresent()) {
            delivery.refuse(refusal.get());
            return;
        }
        delivery.accept();
        if (!receiver.take(frame)) {
            return;
        }
        Member from = frame.route().from();
        ports.compute(new Compute.ChunkDigest(frame.payload()), digest -> {
            if (!over && receiver.checked(from, frame.index(), digest)) {
                owner.write(frame.index(), receiver.manifest().orElseThrow().chunks(), frame.payload());
            }
        });
    }

    /** A donor cannot serve it. */
    public void notServed(Member from, TransferMessage.NotServed message) {
        if (!over && message.stage() == receiver.stage() && message.version() == receiver.version()) {
            receiver.refused(from, ports.now());
        }
    }

    /** A member is not there any more. */
    public void gone(Member member) {
        if (!over) {
            receiver.gone(member);
        }
    }

    /** After every message: ask for what is due, tell what has come of it. */
    public void proceed() {
        if (over) {
            return;
        }
        for (SnapshotReceiver.Request request : receiver.due(ports.now())) {
            ports.send(
                    request.donor(),
                    switch (request) {
                        case SnapshotReceiver.ManifestRequest manifest ->
                            new TransferMessage.ManifestWanted(receiver.stage(), receiver.version());
                        case SnapshotReceiver.ChunksRequest chunks ->
                            new TransferMessage.ChunksWanted(receiver.stage(), receiver.version(), chunks.indices());
                    });
        }
        receiver.takeBad().forEach(bad -> owner.bad(bad.donor(), bad.reason()));
        receiver.takeQuarter().ifPresent(owner::quarters);
        if (receiver.complete()) {
            span.end();
            stop();
            owner.complete();
        } else if (receiver.stuck() && !toldStuck) {
            toldStuck = true;
            owner.stuck();
        }
    }

    /** Gives it up, or ends it: the donors need not keep anything for it. */
    public void stop() {
        if (!over) {
            over = true;
            // Not heard if it is complete.
            span.fail("given up").end();
            for (Member donor : receiver.donors()) {
                ports.send(donor, new TransferMessage.Release(receiver.stage(), receiver.version()));
            }
        }
    }

    /** When there will be something to do although nothing comes. */
    public OptionalLong wake() {
        return over ? OptionalLong.empty() : receiver.wake(ports.now());
    }
}
