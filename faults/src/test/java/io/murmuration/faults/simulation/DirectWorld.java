package io.murmuration.faults.simulation;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Role;
import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.compute.Disk;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A world in which everything takes a fixed time, nothing is lost, and the dead are noticed after a while. */
public final class DirectWorld implements World {

    private static final long CONTROL = Duration.ofMillis(1).toNanos();
    private static final long DATA = Duration.ofMillis(2).toNanos();
    private static final long REMOVAL = Duration.ofMillis(500).toNanos();

    private record Offer(DataFrame frame, Consumer<DataPlane.Outcome> done) {}

    private final EventLoop loop;
    private final Map<Member, Consumer<Envelope>> controlInboxes = new TreeMap<>();
    private final Map<Member, Consumer<DataPlane.Delivery>> dataInboxes = new TreeMap<>();
    private final Map<Long, Offer> unanswered = new TreeMap<>();
    private final Map<Member, Role> present = new TreeMap<>();
    private final Map<Member, Consumer<Membership.Event>> listeners = new TreeMap<>();
    private final Map<String, Boolean> full = new TreeMap<>();
    private final Map<String, Double> slow = new TreeMap<>();
    private Optional<Member> leader = Optional.empty();
    private long offers;

    public DirectWorld(EventLoop loop) {
        this.loop = loop;
    }

    void slow(String node, double factor) {
        slow.put(node, factor);
    }

    void full(String node) {
        full.put(node, true);
    }

    @Override
    public NodePorts boot(NodeSpec node, long life) {
        return new NodePorts(new Control(), new Data(), new Members(), loop::now);
    }

    @Override
    public void left(String node, long life) {
        throw new IllegalStateException("nobody leaves this world: " + node);
    }

    @Override
    public void killed(String node, long life) {
        for (Map.Entry<Long, Offer> entry : List.copyOf(unanswered.entrySet())) {
            Member to = entry.getValue().frame().route().to();
            if (NodePath.node(to.peer()).equals(node)) {
                answer(entry.getKey(), new DataPlane.Failed(node + " is gone"));
            }
        }
        for (Member member : List.copyOf(present.keySet())) {
            if (NodePath.node(member.peer()).equals(node) && NodePath.life(member) == life) {
                loop.schedule(
                        REMOVAL,
                        Source.world("removal of " + member.peer()),
                        () -> remove(member, "its node was killed"));
            }
        }
    }

    @Override
    public double slowdown(String node) {
        return slow.getOrDefault(node, 1.0);
    }

    @Override
    public Disk disk(String node) {
        return () -> full.containsKey(node);
    }

    private void answer(long offer, DataPlane.Outcome outcome) {
        Offer answered = unanswered.remove(offer);
        if (answered != null) {
            loop.schedule(DATA, NodePath.at(answered.frame().route().from(), "answer"), () -> answered.done()
                    .accept(outcome));
        }
    }

    private void remove(Member member, String reason) {
        if (present.remove(member) != null) {
            tellAll(new Membership.Removed(member, reason));
            elect();
        }
    }

    /** The first coordinator there is leads until it is gone. */
    private void elect() {
        if (leader.filter(present::containsKey).isEmpty()) {
            leader = present.entrySet().stream()
                    .filter(entry -> entry.getValue() == Role.COORDINATOR)
                    .map(Map.Entry::getKey)
                    .findFirst();
            leader.ifPresent(member -> tellAll(new Membership.Leads(member)));
        }
    }

    private void tellAll(Membership.Event event) {
        listeners.keySet().forEach(listener -> tell(listener, event));
    }

    private void tell(Member self, Membership.Event event) {
        loop.schedule(CONTROL, NodePath.at(self, "membership"), bytes(event), () -> {
            Consumer<Membership.Event> listener = listeners.get(self);
            if (listener != null) {
                listener.accept(event);
            }
        });
    }

    /** Records of the protocol print the same in every run. */
    private static byte[] bytes(Object message) {
        return message.toString().getBytes(StandardCharsets.UTF_8);
    }

    private final class Control implements ControlPlane {
        @Override
        public void attach(Member self, Consumer<Envelope> inbox) {
            controlInboxes.put(self, inbox);
        }

        @Override
        public void detach(Member self) {
            controlInboxes.remove(self);
        }

        @Override
        public void send(Envelope envelope) {
            loop.schedule(CONTROL, NodePath.at(envelope.to(), "control"), bytes(envelope), () -> {
                Consumer<Envelope> inbox = controlInboxes.get(envelope.to());
                if (inbox != null) {
                    inbox.accept(envelope);
                }
            });
        }
    }

    private final class Data implements DataPlane {
        @Override
        public void attach(Member self, Consumer<Delivery> inbox) {
            dataInboxes.put(self, inbox);
        }

        @Override
        public void detach(Member self) {
            dataInboxes.remove(self);
        }

        @Override
        public void offer(DataFrame frame, Consumer<Outcome> done) {
            long number = offers++;
            unanswered.put(number, new Offer(frame, done));
            loop.schedule(
                    DATA,
                    NodePath.at(frame.route().to(), "data"),
                    frame.payload().bytes(),
                    () -> {
                        Consumer<Delivery> inbox = dataInboxes.get(frame.route().to());
                        if (inbox == null) {
                            answer(number, new Failed(frame.route().to() + " is not there"));
                        } else {
                            inbox.accept(new Arrived(number, frame));
                        }
                    });
        }
    }

    private final class Arrived implements DataPlane.Delivery {
        private final long number;
        private final DataFrame frame;

        private Arrived(long number, DataFrame frame) {
            this.number = number;
            this.frame = frame;
        }

        @Override
        public DataFrame frame() {
            return frame;
        }

        @Override
        public void accept() {
            answer(number, new DataPlane.Accepted());
        }

        @Override
        public void refuse(Refusal refusal) {
            answer(number, new DataPlane.Refused(refusal));
        }
    }

    private final class Members implements Membership {
        @Override
        public void join(Member member, Role role) {
            loop.schedule(CONTROL, Source.world("join"), () -> {
                present.put(member, role);
                tellAll(new Joined(member, role));
                elect();
            });
        }

        @Override
        public void leave(Member member, String reason) {
            loop.schedule(CONTROL, Source.world("leave"), () -> remove(member, reason));
        }

        @Override
        public void subscribe(Member self, Consumer<Event> listener) {
            listeners.put(self, listener);
            new ArrayList<>(present.entrySet())
                    .forEach(entry -> tell(self, new Joined(entry.getKey(), entry.getValue())));
            leader.ifPresent(member -> tell(self, new Leads(member)));
        }

        @Override
        public void unsubscribe(Member self) {
            listeners.remove(self);
        }
    }
}
