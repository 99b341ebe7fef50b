package io.murmuration.cluster.node;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.membership.OrderAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Who waits for a checkpoint of the run that is led from here. One thread. */
final class WantedCheckpoints {

    /** @param least version that was in place when it was asked for: an older one is not what was meant */
    private record Wanted(long least, CompletableFuture<OrderAnswer> answer) {}

    /** People who wait at once; further ones are refused. */
    private static final int MOST_WAITING = 64;

    private final List<Wanted> waiting = new ArrayList<>();
    private long version;

    void wanted(CompletableFuture<OrderAnswer> answer) {
        waiting.removeIf(wanted -> wanted.answer().isDone());
        if (waiting.size() == MOST_WAITING) {
            answer.complete(OrderAnswer.notNow("too many wait for a checkpoint"));
        } else {
            waiting.add(new Wanted(version, answer));
        }
    }

    void on(RunEvent event) {
        switch (event) {
            case RunEvent.Started started -> version = started.version();
            case RunEvent.TookOver over -> version = over.version();
            case RunEvent.RolledBack back -> version = back.to();
            case RunEvent.StepCommitted step -> version = step.step() + 1;
            case RunEvent.Kept(long kept, List<Member> keepers) ->
                answer(kept, OrderAnswer.done("the checkpoint of version " + kept + " is kept"));
            case RunEvent.NotKept(long lost, String reason) ->
                answer(lost, OrderAnswer.refused("the checkpoint of version " + lost + " was not kept: " + reason));
            case RunEvent.Superseded superseded -> giveUp("another node leads the run now: ask again");
            case RunEvent.HandedOver over -> giveUp("another node leads the run now: ask again");
            default -> {}
        }
    }

    /** Nobody will hear of a checkpoint here any more. */
    void giveUp(String why) {
        waiting.forEach(wanted -> wanted.answer().complete(OrderAnswer.notNow(why)));
        waiting.clear();
    }

    private void answer(long of, OrderAnswer said) {
        waiting.removeIf(wanted -> {
            boolean meant = of >= wanted.least();
            if (meant) {
                wanted.answer().complete(said);
            }
            return meant;
        });
    }
}
