package io.murmuration.cluster.node;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Sees which microbatches a peer here sends again: because who had them is gone, cannot be reached, or took too long. What was
 * refused was never there, and its next offer is no second one. Memory: the microbatches of a step for each sender.
 */
final class WatchedSends implements DataPlane {

    private static final class Sent {
        private long step = -1;
        private final Map<MicrobatchId, Member> to = new LinkedHashMap<>();
    }

    private final DataPlane plane;
    private final NodeEvents events;
    private final Map<Member, Sent> senders = new LinkedHashMap<>();

    WatchedSends(DataPlane plane, NodeEvents events) {
        this.plane = plane;
        this.events = events;
    }

    @Override
    public void attach(Member self, Consumer<Delivery> inbox) {
        plane.attach(self, inbox);
    }

    @Override
    public void detach(Member self) {
        synchronized (senders) {
            senders.remove(self);
        }
        plane.detach(self);
    }

    @Override
    public void offer(DataFrame frame, Consumer<Outcome> done) {
        if (!(frame instanceof DataFrame.Forward forward)) {
            plane.offer(frame, done);
            return;
        }
        before(forward)
                .ifPresent(earlier -> events.write(RunEventLines.member("sentAgain", earlier)
                        .put("by", forward.route().from().toString())
                        .put("to", forward.route().to().toString())
                        .put("microbatch", forward.id().toString())
                        .put("stage", forward.stage())
                        .put("attempt", forward.attempt())
                        .put("replay", forward.replay().isPresent())));
        plane.offer(frame, outcome -> {
            if (outcome instanceof Refused) {
                refused(forward);
            }
            done.accept(outcome);
        });
    }

    /** Who was sent this microbatch before; from now on it is the receiver of this frame. */
    private Optional<Member> before(DataFrame.Forward frame) {
        synchronized (senders) {
            Sent sent = senders.computeIfAbsent(frame.route().from(), sender -> new Sent());
            if (sent.step != frame.id().step()) {
                sent.step = frame.id().step();
                sent.to.clear();
            }
            return Optional.ofNullable(sent.to.put(frame.id(), frame.route().to()));
        }
    }

    private void refused(DataFrame.Forward frame) {
        synchronized (senders) {
            Sent sent = senders.get(frame.route().from());
            if (sent != null) {
                sent.to.remove(frame.id(), frame.route().to());
            }
        }
    }
}
