package io.murmuration.actors.transfer;

import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.protocol.TransferMessage;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * The donor's side of transfers of one stage: one copy at a time, served to everybody who may have it. Used by a shard or
 * a keeper, in its actor.
 */
public final class SnapshotDonor {

    /**
     * Where the bytes come from.
     *
     * @param open copies the state aside or reads it in
     * @param read reads a chunk of it
     * @param close lets it go
     */
    public record Source(
            Compute.Task<Manifest> open,
            IntFunction<Compute.Task<Payload>> read,
            Compute.Task<Compute.Nothing> close) {}

    private final ActorPorts ports;
    private final TransferSettings settings;
    private final Member self;
    private final int stage;
    private Optional<SnapshotSender> sender = Optional.empty();
    private long version = -1;
    private Source source;
    private boolean opening;
    /** Who was named while the copy was being made, besides those whom it is made for. */
    private final Set<Member> named = new LinkedHashSet<>();
    /** Who asked for the manifest while it was being made. */
    private final Set<Member> waiting = new LinkedHashSet<>();

    private boolean retryDue;
    private long retryAt;

    public SnapshotDonor(ActorPorts ports, TransferSettings settings, Member self, int stage) {
        this.ports = ports;
        this.settings = settings;
        this.self = self;
        this.stage = stage;
    }

    /** The version that is served or being opened; -1 for none. */
    public long version() {
        return version;
    }

    /**
     * Serves {@code newVersion} from now on in place of any other.
     *
     * @param receivers who will ask; nobody named: whoever does
     * @param failed told the reason when it could not be opened
     */
    public void open(long newVersion, Source newSource, List<Member> receivers, Consumer<String> failed) {
        if (version == newVersion) {
            sender.ifPresentOrElse(open -> open.expect(receivers), () -> named.addAll(receivers));
            return;
        }
        close();
        version = newVersion;
        source = newSource;
        opening = true;
        named.clear();
        ports.tryCompute(newSource.open(), outcome -> {
            if (version != newVersion || !opening) {
                return;
            }
            opening = false;
            switch (outcome) {
                case Compute.Completed<Manifest>(Manifest manifest) -> {
                    sender = Optional.of(
                            new SnapshotSender(stage, newVersion, manifest, settings, receivers, ports.now()));
                    // Nobody named means that whoever asks is served, and those who were named later are among them.
                    sender.orElseThrow().expect(List.copyOf(named));
                    waiting.forEach(this::sendManifest);
                    waiting.clear();
                }
                case Compute.Failed<Manifest>(Throwable cause) -> {
                    String reason = String.valueOf(cause.getMessage());
                    waiting.forEach(member -> notServed(member, newVersion, reason));
                    waiting.clear();
                    version = -1;
                    failed.accept(reason);
                }
            }
        });
    }

    private void notServed(Member to, long wanted, String reason) {
        ports.send(to, new TransferMessage.NotServed(stage, wanted, reason));
    }

    /** A receiver asks. */
    public void asked(Member from, TransferMessage message) {
        if (message instanceof TransferMessage.Release) {
            if (message.version() == version) {
                waiting.remove(from);
                sender.ifPresent(open -> open.released(from));
            }
            return;
        }
        if (message.version() == version && opening) {
            if (message instanceof TransferMessage.ManifestWanted) {
                waiting.add(from);
            }
            return;
        }
        boolean served = message.version() == version
                && sender.filter(open -> open.serves(from, ports.now())).isPresent();
        if (!served) {
            notServed(
                    from,
                    message.version(),
                    self + " serves version " + version + " of stage " + stage + ", not version " + message.version()
                            + " to " + from);
        } else if (message instanceof TransferMessage.ManifestWanted) {
            sendManifest(from);
        } else if (message instanceof TransferMessage.ChunksWanted wanted) {
            sender.orElseThrow().wanted(from, wanted.indices(), ports.now());
        }
    }

    private void sendManifest(Member to) {
        SnapshotSender open = sender.orElseThrow();
        if (!open.serves(to, ports.now())) {
            notServed(to, open.version(), self + " does not serve " + to);
        } else {
            Route route = new Route(settings.run(), self, to);
            var frame = new DataFrame.StateManifest(
                    route, stage, open.version(), open.manifest().encode());
            ports.offer(frame, outcome -> {
                // One that is refused is asked for again.
                if (outcome instanceof DataPlane.Failed failed) {
                    notServed(to, open.version(), failed.reason());
                }
            });
        }
    }

    /** Reads and offers what is due; lets go of what nobody needs. */
    public void proceed() {
        long now = ports.now();
        if (retryDue && retryAt > now) {
            return;
        }
        retryDue = false;
        sender.ifPresent(open -> {
            if (open.over(now)) {
                close();
                return;
            }
            for (SnapshotSender.Due due : open.due()) {
                ports.tryCompute(source.read().apply(due.index()), outcome -> read(open, due, outcome));
            }
        });
    }

    private void read(SnapshotSender open, SnapshotSender.Due due, Compute.Outcome<Payload> outcome) {
        switch (outcome) {
            case Compute.Completed<Payload>(Payload payload) -> offer(open, due, payload);
            case Compute.Failed<Payload>(Throwable cause) -> {
                if (open.refused(due, true)) {
                    notServed(due.receiver(), open.version(), String.valueOf(cause.getMessage()));
                }
            }
        }
    }

    private void offer(SnapshotSender open, SnapshotSender.Due due, Payload payload) {
        if (sender.filter(current -> current == open).isEmpty()) {
            return;
        }
        Route route = new Route(settings.run(), self, due.receiver());
        var frame = new DataFrame.StateChunk(route, stage, open.version(), due.index(), payload);
        ports.offer(frame, outcome -> {
            switch (outcome) {
                case DataPlane.Accepted() -> open.delivered(due);
                case DataPlane.Refused refused -> {
                    open.refused(due, false);
                    retryDue = true;
                    retryAt = ports.now() + settings.retry().toNanos();
                }
                case DataPlane.Failed failed -> {
                    // A node that has just come hears messages before everybody knows where its frames are to go.
                    if (open.refused(due, true)) {
                        notServed(due.receiver(), open.version(), failed.reason());
                    }
                }
            }
        });
    }

    /** Lets go of the copy, whoever still wants it. */
    public void close() {
        if (version >= 0) {
            waiting.forEach(member -> notServed(member, version, "version " + version + " is let go"));
            waiting.clear();
            sender = Optional.empty();
            opening = false;
            version = -1;
            ports.compute(source.close(), nothing -> {});
        }
    }

    /** When there will be something to do although nothing comes. */
    public OptionalLong wake() {
        if (retryDue) {
            return OptionalLong.of(retryAt);
        }
        return sender.map(open -> OptionalLong.of(open.overAt())).orElse(OptionalLong.empty());
    }
}
