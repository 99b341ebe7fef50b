package io.murmuration.faults.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.EventLoop.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class EventLoopTest {

    private static final Source NODE = new Source("a", 1, "work");

    private final EventLoop loop = new EventLoop();
    private final List<String> happened = new ArrayList<>();

    private EventLoop.Event at(long delay, String what) {
        return loop.schedule(delay, NODE, () -> happened.add(loop.now() + " " + what));
    }

    private void runAll() {
        loop.run(1000, () -> false);
    }

    @Test
    void whatIsDueAtTheSameMomentHappensInTheOrderInWhichItWasAskedFor() {
        at(5, "second");
        at(0, "first");
        loop.schedule(5, NODE, () -> at(0, "fourth"));
        at(5, "third");
        runAll();
        assertThat(happened).containsExactly("0 first", "5 second", "5 third", "5 fourth");
        assertThat(loop.now()).isEqualTo(1000);
    }

    @Test
    void whatWasCancelledDoesNotHappenAndLeavesNoTraceInTheHistory() {
        EventLoop.Event event = at(5, "never");
        at(6, "always");
        assertThat(event.cancel()).isTrue();
        assertThat(event.cancel()).isFalse();
        runAll();
        assertThat(happened).containsExactly("6 always");
        assertThat(loop.ran()).isEqualTo(1);
    }

    @Test
    void manyCancelledTimersDoNotDisturbTheOrder() {
        List<EventLoop.Event> timers = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            timers.add(at(900 - i % 100, "timer"));
        }
        at(800, "before");
        at(999, "after");
        timers.forEach(timer -> assertThat(timer.cancel()).isTrue());
        runAll();
        assertThat(happened).containsExactly("800 before", "999 after");
    }

    @Test
    void aFrozenNodeGoesOnWithWhatItMissedInOrderAndADeadOneDoesNot() {
        Verdict[] verdict = {Verdict.HOLD};
        loop.gate(source -> verdict[0]);
        at(1, "one");
        EventLoop.Event cancelled = at(2, "cancelled");
        at(3, "two");
        loop.run(10, () -> false);
        assertThat(happened).isEmpty();
        cancelled.cancel();
        verdict[0] = Verdict.RUN;
        loop.release("a");
        loop.run(20, () -> false);
        assertThat(happened).containsExactly("10 one", "10 two");
        verdict[0] = Verdict.DROP;
        at(1, "dead");
        loop.run(30, () -> false);
        verdict[0] = Verdict.RUN;
        loop.release("a");
        runAll();
        assertThat(happened).hasSize(2);
    }

    @Test
    void theHistoryTellsTimesNodesPathsAndContentsApart() {
        assertThat(List.of(
                        hash(1, NODE, 1),
                        hash(2, NODE, 1),
                        hash(1, new Source("b", 1, "work"), 1),
                        hash(1, new Source("a", 2, "work"), 1),
                        hash(1, new Source("a", 1, "rest"), 1),
                        hash(1, NODE, 2)))
                .doesNotHaveDuplicates();
        assertThat(hash(1, NODE, 1)).isEqualTo(hash(1, NODE, 1));
    }

    private static String hash(long delay, Source source, int content) {
        EventLoop world = new EventLoop();
        world.schedule(delay, source, new byte[] {(byte) content}, () -> {});
        world.run(10, () -> false);
        return world.historyHash();
    }

    @Test
    void whatAnotherThreadAsksForIsNotTakenForWhatHappensAtThatMoment() {
        loop.schedule(
                1,
                NODE,
                () -> happened.add(CompletableFuture.supplyAsync(loop::current)
                        .thenApply(Source::path)
                        .join()));
        runAll();
        assertThat(happened).containsExactly("");
    }

    @Test
    void aLongContentIsPartOfTheHistoryToo() {
        assertThat(hashOf(new byte[200_000])).isNotEqualTo(hashOf(new byte[200_001]));
    }

    private static String hashOf(byte[] content) {
        EventLoop world = new EventLoop();
        world.schedule(0, NODE, content, () -> {});
        world.run(10, () -> false);
        return world.historyHash();
    }

    @Test
    void anotherThreadThatSubmitsIsCaughtEvenIfItHidesTheError() throws InterruptedException {
        Thread intruder = Thread.ofPlatform().name("intruder").start(() -> assertThatThrownBy(() -> at(1, "hidden"))
                .isInstanceOf(ForeignThreadException.class));
        intruder.join();
        assertThatThrownBy(this::runAll)
                .isInstanceOf(ForeignThreadException.class)
                .hasMessageContaining("intruder");
    }
}
