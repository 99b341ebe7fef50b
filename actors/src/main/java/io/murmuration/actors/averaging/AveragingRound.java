package io.murmuration.actors.averaging;

import io.murmuration.actors.averaging.AveragingPlan.Part;
import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.telemetry.Span;
import io.murmuration.actors.telemetry.Telemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * One atomic averaging of a stage's gradient, as one replica takes part in it. It completes for everybody or is
 * abandoned (its parent stops it); what it needs stays in the shard's accumulator, so nothing is lost with it.
 */
public final class AveragingRound extends AbstractBehavior<AveragingRound.Message> {

    /** Received by this actor. */
    public sealed interface Message {}

    /** An {@link DataFrame.AveragePart} of this round has arrived. */
    public record Arrived(DataPlane.Delivery delivery) implements Message {}

    /** Orders of the parent. */
    public enum Command implements Message {
        /** Stop; everything that arrived is answered first. */
        ABANDON
    }

    private record Continue(Runnable continuation) implements Message {}

    private enum Retry implements Message {
        RETRY
    }

    /**
     * What a round is about.
     *
     * @param microbatches the divisor
     * @param partLength most numbers in a part
     * @param retry how long to wait before a refused part is offered again
     */
    public record Task(
            String run,
            Member self,
            long step,
            long round,
            List<Member> participants,
            int microbatches,
            long partLength,
            Duration retry) {
        public Task {
            participants = List.copyOf(participants);
        }
    }

    private final TimerScheduler<Message> timers;
    private final ActorPorts ports;
    private final Task task;
    private final BiConsumer<Integer, Payload> reduced;
    private final Consumer<Compute.SealResult> finished;
    private final List<DataFrame> refused = new ArrayList<>();
    private final Span span;
    private final long begun;
    private AveragingPlan plan;
    private AveragingState state;
    private final List<DataPlane.Delivery> early = new ArrayList<>();

    private AveragingRound(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Ports ports,
            Task task,
            BiConsumer<Integer, Payload> reduced,
            Consumer<Compute.SealResult> finished) {
        super(context);
        this.timers = timers;
        this.task = task;
        this.reduced = reduced;
        this.finished = finished;
        this.ports = new ActorPorts(
                ports, task.self(), continuation -> context.getSelf().tell(new Continue(continuation)));
        this.begun = this.ports.now();
        this.span = ports.telemetry().trace("averaging.round");
        if (span != Span.NONE) {
            span.tag("member", task.self().toString())
                    .tag("step", task.step())
                    .tag("round", task.round())
                    .tag("participants", task.participants().size());
        }
        this.ports.compute(new Compute.GradientLength(), this::begin);
    }

    /**
     * @param reduced told the number and the average of every part that this replica has reduced, before {@code finished}
     * @param finished told once, when the average is complete here; both must hand over and return at once
     */
    public static Behavior<Message> create(
            Ports ports, Task task, BiConsumer<Integer, Payload> reduced, Consumer<Compute.SealResult> finished) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new AveragingRound(context, timers, ports, task, reduced, finished)));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Continue.class, message -> {
                    message.continuation().run();
                    return this;
                })
                .onMessage(Arrived.class, message -> {
                    arrived(message.delivery());
                    return this;
                })
                .onMessage(Command.class, abandon -> {
                    early.forEach(delivery -> delivery.refuse(
                            Refusal.of(Refusal.Reason.NOT_OPEN, "round " + task.round() + " is abandoned")));
                    return Behaviors.stopped();
                })
                .onSignal(PostStop.class, stopped -> {
                    // Not heard if it is complete.
                    span.fail("abandoned").end();
                    return this;
                })
                .onMessage(Retry.class, message -> {
                    List<DataFrame> again = List.copyOf(refused);
                    refused.clear();
                    again.forEach(this::offer);
                    return this;
                })
                .build();
    }

    private void begin(long length) {
        plan = AveragingPlan.of(task.participants(), length, task.partLength());
        state = new AveragingState(plan, plan.indexOf(task.self()));
        if (task.participants().size() == 1) {
            state.owned().forEach(part -> reduce(part, List.of()));
        }
        for (Part part : state.contributed()) {
            ports.compute(
                    new Compute.Contribution(task.step(), part.offset(), part.length()),
                    payload -> send(part, false, task.participants().get(part.owner()), payload));
        }
        early.forEach(this::arrived);
        early.clear();
    }

    private void arrived(DataPlane.Delivery delivery) {
        if (state == null) {
            early.add(delivery);
            return;
        }
        DataFrame.AveragePart frame = (DataFrame.AveragePart) delivery.frame();
        var refusal = state.refuse(frame);
        if (refusal.isPresent()) {
            getContext()
                    .getLog()
                    .warn(
                            "step {} round {}: {}",
                            task.step(),
                            task.round(),
                            refusal.get().detail());
            delivery.refuse(refusal.get());
            return;
        }
        delivery.accept();
        Part part = plan.parts().get(frame.part());
        if (!frame.average()) {
            state.contribution(frame).ifPresent(contributions -> reduce(part, contributions));
        } else if (!state.isComplete(part.number())) {
            ports.compute(
                    new Compute.Accept(part.offset(), part.length(), frame.payload()), nothing -> completed(part));
        }
    }

    private void reduce(Part part, List<Payload> contributions) {
        int own = plan.indexOf(task.self());
        ports.compute(
                new Compute.Reduce(task.step(), part.offset(), part.length(), contributions, own, task.microbatches()),
                average -> {
                    for (Member other : task.participants()) {
                        if (!other.equals(task.self())) {
                            send(part, true, other, average);
                        }
                    }
                    reduced.accept(part.number(), average);
                    completed(part);
                });
    }

    private void completed(Part part) {
        if (!state.isComplete(part.number()) && state.completed(part.number())) {
            ports.compute(new Compute.Seal(), result -> {
                Telemetry telemetry = ports.all().telemetry();
                telemetry.timer("averaging.round").record(ports.now() - begun);
                span.end();
                finished.accept(result);
            });
        }
    }

    private void send(Part part, boolean average, Member to, Payload payload) {
        Route route = new Route(task.run(), task.self(), to);
        offer(new DataFrame.AveragePart(route, task.step(), task.round(), part.number(), average, payload));
    }

    private void offer(DataFrame frame) {
        ports.offer(frame, outcome -> {
            switch (outcome) {
                case DataPlane.Accepted() -> {}
                case DataPlane.Refused(Refusal refusal) -> retry(frame);
                case DataPlane.Failed(String reason) -> retry(frame);
            }
        });
    }

    private void retry(DataFrame frame) {
        refused.add(frame);
        timers.startSingleTimer(Retry.RETRY, task.retry());
    }
}
