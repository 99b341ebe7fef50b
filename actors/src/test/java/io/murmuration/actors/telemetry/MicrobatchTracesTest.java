package io.murmuration.actors.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.protocol.TraceContext;
import io.murmuration.actors.telemetry.RecordedTelemetry.Recorded;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class MicrobatchTracesTest {

    private static final Member TRAINER = new Member(new PeerId("n1:trainer"), 1);
    private static final Member SHARD = new Member(new PeerId("n2:shard"), 1);
    private static final MicrobatchId FOLLOWED = new MicrobatchId(Purpose.TRAIN, 3, 4);
    private static final MicrobatchId OTHER = new MicrobatchId(Purpose.TRAIN, 3, 5);

    private final RecordedTelemetry telemetry = new RecordedTelemetry();
    private final MicrobatchTraces trainer = new MicrobatchTraces(telemetry, TRAINER);
    private final MicrobatchTraces shard = new MicrobatchTraces(telemetry, SHARD);

    private static DataFrame.Forward frame(MicrobatchId id, TraceContext trace) {
        return new DataFrame.Forward(
                new Route("run", TRAINER, SHARD), id, 0, 1, Optional.empty(), new byte[3], Payload.EMPTY, trace);
    }

    @Test
    void every_span_lies_in_the_one_that_caused_it_and_is_ended_once() {
        trainer.begin(FOLLOWED);
        trainer.begin(FOLLOWED);
        Span send = trainer.send(FOLLOWED, SHARD, 1);
        Span receive = MicrobatchTraces.receive(telemetry, SHARD, frame(FOLLOWED, send.context()));
        MicrobatchTraces.sent(send, new DataPlane.Accepted());
        shard.stage(0);
        shard.taken(FOLLOWED, receive, "queue");
        shard.phase(FOLLOWED, "forward");
        shard.done(FOLLOWED);
        Span onwards = shard.send(FOLLOWED, SHARD, 2);
        MicrobatchTraces.sent(onwards, new DataPlane.Accepted());
        trainer.end(FOLLOWED);
        trainer.end(FOLLOWED);
        trainer.clear("over");
        shard.clear("over");

        assertThat(telemetry.spans)
                .extracting(span -> span.name)
                .containsExactly("microbatch", "send", "receive", "queue", "forward", "send");
        assertThat(telemetry.spans).allSatisfy(span -> {
            assertThat(span.ends).as(span.name).isEqualTo(1);
            assertThat(span.failures).as(span.name).isEmpty();
            assertThat(span.context.traceLow()).isEqualTo(1);
        });
        Recorded received = telemetry.named("receive");
        assertThat(received.parent).isEqualTo(send.context());
        assertThat(telemetry.named("queue").parent).isEqualTo(received.context);
        assertThat(telemetry.named("forward").parent).isEqualTo(received.context);
        assertThat(((Recorded) onwards).parent).isEqualTo(telemetry.named("forward").context);
        assertThat(received.tags)
                .containsEntry("stage", "0")
                .containsEntry("microbatch", "3/4")
                .containsEntry("member", "n2:shard#1")
                .containsEntry("bytes", "3");
        assertThat(((Recorded) onwards).tags).containsEntry("attempt", "2");
    }

    @Test
    void what_is_refused_lost_or_given_up_says_so() {
        trainer.begin(FOLLOWED);
        Span send = trainer.send(FOLLOWED, SHARD, 1);
        Span receive = MicrobatchTraces.receive(telemetry, SHARD, frame(FOLLOWED, send.context()));
        Refusal refusal = Refusal.of(Refusal.Reason.NO_CREDIT, "full");
        MicrobatchTraces.refused(receive, refusal);
        MicrobatchTraces.sent(send, new DataPlane.Refused(refusal));
        Span again = trainer.send(FOLLOWED, SHARD, 2);
        MicrobatchTraces.sent(again, new DataPlane.Failed("cut"));
        trainer.clear("the step is over");

        assertThat(((Recorded) send).failures).containsExactly("NO_CREDIT: full");
        assertThat(((Recorded) receive).failures).containsExactly("NO_CREDIT: full");
        assertThat(((Recorded) again).failures).containsExactly("cut");
        assertThat(telemetry.named("microbatch").failures).containsExactly("the step is over");
        assertThat(telemetry.spans).allSatisfy(span -> assertThat(span.ends).isEqualTo(1));
    }

    @Test
    void what_is_not_followed_leaves_nothing_behind() {
        trainer.begin(OTHER);
        Span send = trainer.send(OTHER, SHARD, 1);
        Span receive = MicrobatchTraces.receive(telemetry, SHARD, frame(OTHER, send.context()));
        shard.taken(OTHER, receive, "queue");
        shard.phase(OTHER, "forward");
        shard.done(OTHER);
        trainer.end(OTHER);

        assertThat(send).isSameAs(Span.NONE);
        assertThat(receive).isSameAs(Span.NONE);
        assertThat(telemetry.spans).isEmpty();
    }

    @Test
    void without_anybody_who_watches_everything_is_the_same_object_that_does_nothing() {
        Telemetry off = Telemetry.OFF;

        assertThat(off.follow("microbatch", FOLLOWED)).isSameAs(Span.NONE);
        assertThat(off.trace("step")).isSameAs(Span.NONE);
        assertThat(off.span("send", new TraceContext(1, 2, 3, true))).isSameAs(Span.NONE);
        assertThat(Span.NONE.tag("a", 1).tag("b", "c").fail("d")).isSameAs(Span.NONE);
        assertThat(Span.NONE.context()).isEqualTo(TraceContext.NONE);
        assertThat(TraceContext.NONE.followed()).isFalse();
        assertThat(off.counter("a")).isSameAs(off.counter("b", new Telemetry.Label("c", "d")));
        assertThat(off.gauge("a")).isSameAs(off.gauge("b"));
        assertThat(off.timer("a")).isSameAs(off.timer("b"));
    }

    @Test
    void a_context_whose_sender_does_not_record_is_not_followed() {
        assertThat(new TraceContext(1, 2, 3, false).followed()).isFalse();
        assertThat(new TraceContext(1, 2, 0, true).followed()).isFalse();
        assertThat(new TraceContext(0, 0, 3, true).followed()).isTrue();
    }
}
