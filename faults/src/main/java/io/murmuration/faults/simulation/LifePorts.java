package io.murmuration.faults.simulation;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Role;
import io.murmuration.faults.simulation.World.NodePorts;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The ports of a node in one of its lives. Once cut, nothing goes in or out any more, as if the machine had lost its power:
 * what its actors still do while they end is heard by nobody.
 */
final class LifePorts {

    private final NodePorts world;
    private final Compute compute;
    private final LongSupplier time;
    private final ControlTap tap;
    private boolean cut;

    /** @param time virtual nanoseconds, without the skew of the node's clock */
    LifePorts(NodePorts world, Compute compute, LongSupplier time, ControlTap tap) {
        this.world = world;
        this.compute = compute;
        this.time = time;
        this.tap = tap;
    }

    void cut() {
        cut = true;
    }

    Ports ports(long seed) {
        return new Ports(new CutCompute(), new CutData(), new CutControl(), new CutMembership(), world.ticker(), seed);
    }

    private final class CutCompute implements Compute {
        @Override
        public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
            if (!cut) {
                compute.submit(owner, task, done);
            }
        }

        @Override
        public void release(Member owner) {
            if (!cut) {
                compute.release(owner);
            }
        }
    }

    private final class CutData implements DataPlane {
        @Override
        public void attach(Member self, Consumer<Delivery> inbox) {
            world.data().attach(self, delivery -> {
                if (!cut) {
                    inbox.accept(delivery);
                }
            });
        }

        @Override
        public void detach(Member self) {
            world.data().detach(self);
        }

        @Override
        public void offer(DataFrame frame, Consumer<Outcome> done) {
            if (!cut) {
                world.data().offer(frame, outcome -> {
                    if (!cut && outcome instanceof Refused(Refusal refusal)) {
                        tap.refused(time.getAsLong(), frame, refusal);
                    }
                    done.accept(outcome);
                });
            }
        }
    }

    private final class CutControl implements ControlPlane {
        @Override
        public void attach(Member self, Consumer<Envelope> inbox) {
            world.control().attach(self, envelope -> {
                if (!cut) {
                    tap.received(time.getAsLong(), envelope);
                    inbox.accept(envelope);
                }
            });
        }

        @Override
        public void detach(Member self) {
            world.control().detach(self);
        }

        @Override
        public void send(Envelope envelope) {
            if (!cut) {
                tap.sent(time.getAsLong(), envelope);
                world.control().send(envelope);
            }
        }
    }

    private final class CutMembership implements Membership {
        @Override
        public void join(Member member, Role role) {
            if (!cut) {
                world.membership().join(member, role);
            }
        }

        @Override
        public void leave(Member member, String reason) {
            if (!cut) {
                world.membership().leave(member, reason);
            }
        }

        @Override
        public void subscribe(Member self, Consumer<Event> listener) {
            world.membership().subscribe(self, event -> {
                if (!cut) {
                    listener.accept(event);
                }
            });
        }

        @Override
        public void unsubscribe(Member self) {
            world.membership().unsubscribe(self);
        }
    }
}
