package io.murmuration.cluster.transport;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Who receives on this node, and what each has not answered yet. Thread-safe. */
final class Receivers {

    private static final class Receiver {
        private final Consumer<DataPlane.Delivery> inbox;
        private final Set<Arrival> unanswered = ConcurrentHashMap.newKeySet();
        private volatile boolean gone;

        private Receiver(Consumer<DataPlane.Delivery> inbox) {
            this.inbox = inbox;
        }
    }

    /** A frame that was handed over; only the first answer counts. */
    private static final class Arrival implements DataPlane.Delivery {
        private final DataFrame frame;
        private final Receiver receiver;
        private final Consumer<DataPlane.Outcome> answer;
        private final AtomicBoolean answered = new AtomicBoolean();

        private Arrival(DataFrame frame, Receiver receiver, Consumer<DataPlane.Outcome> answer) {
            this.frame = frame;
            this.receiver = receiver;
            this.answer = answer;
        }

        @Override
        public DataFrame frame() {
            return frame;
        }

        @Override
        public void accept() {
            once(new DataPlane.Accepted());
        }

        @Override
        public void refuse(Refusal refusal) {
            once(new DataPlane.Refused(refusal));
        }

        private void once(DataPlane.Outcome outcome) {
            if (answered.compareAndSet(false, true)) {
                receiver.unanswered.remove(this);
                answer.accept(outcome);
            }
        }
    }

    private final Map<Member, Receiver> receivers = new ConcurrentHashMap<>();

    void attach(Member self, Consumer<DataPlane.Delivery> inbox) {
        receivers.put(self, new Receiver(inbox));
    }

    void detach(Member self) {
        Receiver receiver = receivers.remove(self);
        if (receiver != null) {
            receiver.gone = true;
            receiver.unanswered.forEach(arrival -> arrival.once(new DataPlane.Failed(self + " is gone")));
        }
    }

    /** @param answer called once, from any thread */
    void deliver(DataFrame frame, Consumer<DataPlane.Outcome> answer) {
        Member to = frame.route().to();
        Receiver receiver = receivers.get(to);
        if (receiver == null) {
            answer.accept(new DataPlane.Failed(to + " is not there"));
            return;
        }
        Arrival arrival = new Arrival(frame, receiver, answer);
        receiver.unanswered.add(arrival);
        receiver.inbox.accept(arrival);
        if (receiver.gone) {
            arrival.once(new DataPlane.Failed(to + " is gone"));
        }
    }
}
