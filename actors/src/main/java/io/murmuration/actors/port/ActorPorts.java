package io.murmuration.actors.port;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import java.util.function.Consumer;

/**
 * The ports as one actor uses them: every result comes back as a message to that actor, so that its state is only ever
 * touched by itself.
 */
public final class ActorPorts {

    private final Ports ports;
    private final Member self;
    private final Consumer<Runnable> mailbox;

    /** @param mailbox hands a continuation to the actor, which runs it as one of its messages */
    public ActorPorts(Ports ports, Member self, Consumer<Runnable> mailbox) {
        this.ports = ports;
        this.self = self;
        this.mailbox = mailbox;
    }

    /** Runs {@code task} and then {@code then} in the actor. A task that fails makes the actor fail. */
    public <R> void compute(Compute.Task<R> task, Consumer<R> then) {
        ports.compute()
                .submit(
                        self,
                        task,
                        outcome -> mailbox.accept(() -> {
                            switch (outcome) {
                                case Compute.Completed<R>(R result) -> then.accept(result);
                                case Compute.Failed<R>(Throwable cause) ->
                                    throw new ComputeFailedException(
                                            self + ": " + task.getClass().getSimpleName() + " failed: " + cause, cause);
                            }
                        }));
    }

    /** Runs {@code task} and then {@code then} in the actor, however it ended. */
    public <R> void tryCompute(Compute.Task<R> task, Consumer<Compute.Outcome<R>> then) {
        ports.compute().submit(self, task, outcome -> mailbox.accept(() -> then.accept(outcome)));
    }

    /** Offers {@code frame} and then runs {@code then} in the actor. */
    public void offer(DataFrame frame, Consumer<DataPlane.Outcome> then) {
        ports.data().offer(frame, outcome -> mailbox.accept(() -> then.accept(outcome)));
    }

    public void send(Member to, ControlMessage message) {
        ports.control().send(new Envelope(self, to, message));
    }

    public long now() {
        return ports.ticker().nanos();
    }

    public Ports all() {
        return ports;
    }
}
