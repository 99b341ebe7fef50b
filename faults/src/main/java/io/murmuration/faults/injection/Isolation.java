package io.murmuration.faults.injection;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Cuts single lives of peers off from everybody: from one moment on nothing they send arrives and nothing reaches them,
 * on either plane, as if their cable were pulled. What they offered and what was under way to them stays unanswered,
 * except that a sender learns that a cut receiver is gone. Thread-safe; a new incarnation is not cut.
 */
public final class Isolation {

    private final Set<Member> cut = ConcurrentHashMap.newKeySet();

    /** From now on {@code member} is alone. */
    public void cut(Member member) {
        cut.add(member);
    }

    public boolean isCut(Member member) {
        return cut.contains(member);
    }

    /** The same ports, through which cut members are not heard. */
    public Ports isolated(Ports ports) {
        return new Ports(
                ports.compute(),
                new CutDataPlane(ports.data()),
                new CutControlPlane(ports.control()),
                ports.membership(),
                ports.ticker(),
                ports.seed(),
                ports.telemetry());
    }

    private final class CutDataPlane implements DataPlane {
        private final DataPlane plane;

        private CutDataPlane(DataPlane plane) {
            this.plane = plane;
        }

        @Override
        public void attach(Member self, Consumer<Delivery> inbox) {
            plane.attach(self, delivery -> {
                Member from = delivery.frame().route().from();
                if (!cut.contains(self) && !cut.contains(from)) {
                    inbox.accept(delivery);
                }
            });
        }

        @Override
        public void detach(Member self) {
            plane.detach(self);
        }

        @Override
        public void offer(DataFrame frame, Consumer<Outcome> done) {
            if (cut.contains(frame.route().from())) {
                return;
            }
            if (cut.contains(frame.route().to())) {
                done.accept(new Failed(frame.route().to() + " is cut off"));
                return;
            }
            plane.offer(frame, done);
        }
    }

    private final class CutControlPlane implements ControlPlane {
        private final ControlPlane plane;

        private CutControlPlane(ControlPlane plane) {
            this.plane = plane;
        }

        @Override
        public void attach(Member self, Consumer<Envelope> inbox) {
            plane.attach(self, envelope -> {
                if (!cut.contains(self) && !cut.contains(envelope.from())) {
                    inbox.accept(envelope);
                }
            });
        }

        @Override
        public void detach(Member self) {
            plane.detach(self);
        }

        @Override
        public void send(Envelope envelope) {
            if (!cut.contains(envelope.from()) && !cut.contains(envelope.to())) {
                plane.send(envelope);
            }
        }
    }
}
