package io.murmuration.faults.run;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.check.Observer;
import io.murmuration.faults.simulation.Level;
import java.util.List;

/** Tells several observers the same, in their order. */
record Observers(List<Observer> all) implements Observer {

    Observers {
        all = List.copyOf(all);
    }

    @Override
    public void computed(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {
        all.forEach(each -> each.computed(time, owner, task, outcome, busyNanos));
    }

    @Override
    public void sent(long time, Envelope envelope) {
        all.forEach(each -> each.sent(time, envelope));
    }

    @Override
    public void delivered(long time, Envelope envelope) {
        all.forEach(each -> each.delivered(time, envelope));
    }

    @Override
    public void refused(long time, DataFrame frame, Refusal refusal) {
        all.forEach(each -> each.refused(time, frame, refusal));
    }

    @Override
    public void told(long time, RunEvent event) {
        all.forEach(each -> each.told(time, event));
    }

    @Override
    public void ended(long time, Member member) {
        all.forEach(each -> each.ended(time, member));
    }

    @Override
    public void forgotten(long time) {
        all.forEach(each -> each.forgotten(time));
    }

    @Override
    public void faultBegan(long time, int number, String what, List<Member> hit, boolean lasting) {
        all.forEach(each -> each.faultBegan(time, number, what, hit, lasting));
    }

    @Override
    public void faultEnded(long time, int number) {
        all.forEach(each -> each.faultEnded(time, number));
    }

    @Override
    public void healed(long time) {
        all.forEach(each -> each.healed(time));
    }

    @Override
    public void sampled(long time, List<Level> levels) {
        all.forEach(each -> each.sampled(time, levels));
    }

    @Override
    public void over(long time) {
        all.forEach(each -> each.over(time));
    }
}
