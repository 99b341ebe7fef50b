package io.murmuration.cluster.node;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Sees which digest each shard here has after which step, as it was computed and not as it was reported. */
final class WatchedSteps implements Compute {

    private final Compute compute;
    private final NodeEvents events;
    private final Map<Member, Integer> stages = new ConcurrentHashMap<>();

    WatchedSteps(Compute compute, NodeEvents events) {
        this.compute = compute;
        this.events = events;
    }

    @Override
    public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
        switch (task) {
            case Open open -> {
                stages.put(owner, open.stage());
                compute.submit(owner, task, done);
            }
            case Apply apply ->
                compute.submit(owner, task, outcome -> {
                    if (outcome instanceof Completed<?>(String digest)) {
                        events.write(RunEventLines.member("applied", owner)
                                .put("stage", stages.getOrDefault(owner, -1))
                                .put("step", apply.step())
                                .put("digest", digest));
                    }
                    done.accept(outcome);
                });
            default -> compute.submit(owner, task, done);
        }
    }

    @Override
    public void release(Member owner) {
        stages.remove(owner);
        compute.release(owner);
    }
}
