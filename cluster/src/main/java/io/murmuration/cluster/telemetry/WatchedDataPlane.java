package io.murmuration.cluster.telemetry;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.telemetry.Telemetry.Counter;
import io.murmuration.actors.telemetry.Telemetry.Gauge;
import io.murmuration.actors.telemetry.Telemetry.Label;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.run.PeerNames;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** A data plane, and what goes through it: bytes, refusals, failures, attempts made again. Thread-safe. */
final class WatchedDataPlane implements DataPlane {

    /** What a frame is for. */
    private enum Kind {
        FORWARD,
        BACKWARD,
        AVERAGING,
        STATE;

        static Kind of(DataFrame frame) {
            return switch (frame) {
                case DataFrame.Forward forward -> FORWARD;
                case DataFrame.Backward backward -> BACKWARD;
                case DataFrame.AveragePart part -> AVERAGING;
                case DataFrame.StateManifest manifest -> STATE;
                case DataFrame.StateChunk chunk -> STATE;
            };
        }
    }

    /** The instruments of one kind of frames. */
    private static final class Numbers {
        private final Counter sent;
        private final Counter received;
        private final Counter failed;
        private final Map<Refusal.Reason, Counter> refusedHere = new EnumMap<>(Refusal.Reason.class);
        private final Map<Refusal.Reason, Counter> refusedThere = new EnumMap<>(Refusal.Reason.class);
        private final Gauge unanswered;
        private final AtomicLong waiting = new AtomicLong();

        private Numbers(KamonTelemetry telemetry, Kind kind, String codec) {
            Label of = label("class", kind);
            Label by = new Label("codec", codec);
            sent = telemetry.bytes("wire", of, by, new Label("direction", "sent"));
            received = telemetry.bytes("wire", of, by, new Label("direction", "received"));
            failed = telemetry.counter("wire.failed", of);
            unanswered = telemetry.gauge("wire.queue", of);
            unanswered.set(0);
            for (Refusal.Reason reason : Refusal.Reason.values()) {
                Label why = label("reason", reason);
                refusedHere.put(reason, telemetry.counter("wire.refused", of, why, new Label("by", "us")));
                refusedThere.put(reason, telemetry.counter("wire.refused", of, why, new Label("by", "them")));
            }
        }

        private static Label label(String key, Enum<?> value) {
            return new Label(key, value.name().toLowerCase(Locale.ROOT).replace('_', '-'));
        }
    }

    private final DataPlane plane;
    private final String node;
    private final Map<Kind, Numbers> kinds = new EnumMap<>(Kind.class);
    private final Counter reroutes;
    private final Counter replays;

    /** @param node the name of this one */
    WatchedDataPlane(DataPlane plane, KamonTelemetry telemetry, RunSettings.Wire wire, String node) {
        this.plane = plane;
        this.node = node;
        for (Kind kind : Kind.values()) {
            String codec =
                    switch (kind) {
                        case FORWARD, BACKWARD -> wire.activations().name();
                        case AVERAGING -> wire.averaging().name();
                        case STATE -> "none";
                    };
            kinds.put(kind, new Numbers(telemetry, kind, codec));
        }
        this.reroutes = telemetry.counter("wire.reroutes");
        this.replays = telemetry.counter("wire.replays");
    }

    @Override
    public void attach(Member self, Consumer<Delivery> inbox) {
        plane.attach(self, delivery -> {
            DataFrame frame = delivery.frame();
            Numbers numbers = kinds.get(Kind.of(frame));
            if (elsewhere(frame.route().from())) {
                numbers.received.add(bytes(frame));
            }
            inbox.accept(new Watched(delivery, numbers));
        });
    }

    private record Watched(Delivery delivery, Numbers numbers) implements Delivery {
        @Override
        public DataFrame frame() {
            return delivery.frame();
        }

        @Override
        public void accept() {
            delivery.accept();
        }

        @Override
        public void refuse(Refusal refusal) {
            numbers.refusedHere.get(refusal.reason()).add(1);
            delivery.refuse(refusal);
        }
    }

    @Override
    public void detach(Member self) {
        plane.detach(self);
    }

    @Override
    public void offer(DataFrame frame, Consumer<Outcome> done) {
        Numbers numbers = kinds.get(Kind.of(frame));
        if (frame instanceof DataFrame.Forward forward) {
            if (forward.replay().isPresent()) {
                replays.add(1);
            } else if (forward.attempt() > 1) {
                reroutes.add(1);
            }
        }
        boolean counted = elsewhere(frame.route().to());
        numbers.unanswered.set(numbers.waiting.incrementAndGet());
        plane.offer(frame, outcome -> {
            numbers.unanswered.set(numbers.waiting.decrementAndGet());
            switch (outcome) {
                case Accepted() -> {
                    if (counted) {
                        numbers.sent.add(bytes(frame));
                    }
                }
                case Refused(Refusal refusal) ->
                    numbers.refusedThere.get(refusal.reason()).add(1);
                case Failed(String reason) -> numbers.failed.add(1);
            }
            done.accept(outcome);
        });
    }

    private boolean elsewhere(Member member) {
        return !PeerNames.node(member.peer()).equals(Optional.of(node));
    }

    private static long bytes(DataFrame frame) {
        return frame.payload().size() + (long) frame.extraBytes();
    }
}
