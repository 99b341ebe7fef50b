package io.murmuration.actors.shard;

import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.transfer.SnapshotSender;
import java.util.ArrayList;
import java.util.List;

/** The donor's side of transfers: one pinned copy, served to everybody who wants that version. Used by {@link Shard}. */
final class SnapshotService {

    private final ActorPorts ports;
    private final ShardSettings settings;
    private final Member self;
    private final Runnable retryLater;
    private final List<SnapshotSender> senders = new ArrayList<>();
    private long pinned = -1;

    SnapshotService(ActorPorts ports, ShardSettings settings, Member self, Runnable retryLater) {
        this.ports = ports;
        this.settings = settings;
        this.self = self;
        this.retryLater = retryLater;
    }

    /** Serves {@code version}, which is the current one, to {@code receiver}; asked again, it goes on. */
    void serve(int stage, long version, Member receiver) {
        if (senders.stream()
                .anyMatch(sender ->
                        sender.version() == version && sender.receiver().equals(receiver))) {
            return;
        }
        if (pinned != version) {
            senders.clear();
            pinned = version;
        }
        ports.compute(new Compute.Pin(settings.chunkBytes()), chunks -> {
            if (pinned == version) {
                senders.add(new SnapshotSender(
                        receiver, version, chunks, settings.chunkWindow(), settings.chunkAttempts()));
                proceed(stage);
            }
        });
    }

    /** Offers what is due. */
    void proceed(int stage) {
        for (SnapshotSender sender : List.copyOf(senders)) {
            for (int chunk : sender.due()) {
                ports.compute(new Compute.ReadChunk(chunk), payload -> offer(stage, sender, chunk, payload));
            }
        }
    }

    private void offer(int stage, SnapshotSender sender, int chunk, Payload payload) {
        if (!senders.contains(sender)) {
            return;
        }
        Route route = new Route(settings.run(), self, sender.receiver());
        var frame = new DataFrame.StateChunk(route, stage, sender.version(), chunk, sender.chunks(), payload);
        ports.offer(frame, outcome -> {
            if (outcome instanceof DataPlane.Accepted) {
                sender.delivered(chunk);
                proceed(stage);
            } else {
                sender.refused(chunk);
                retryLater.run();
            }
            if (sender.complete() || sender.hopeless()) {
                senders.remove(sender);
            }
            if (senders.isEmpty() && pinned >= 0) {
                pinned = -1;
                ports.compute(new Compute.Unpin(), nothing -> {});
            }
        });
    }
}
