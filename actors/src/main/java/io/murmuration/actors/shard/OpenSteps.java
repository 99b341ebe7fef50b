package io.murmuration.actors.shard;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Purpose;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The steps that are open at one shard. In front is the one that makes the next version: only it is closed, averaged and
 * applied. In an asynchronous run later ones are begun early; what is computed for them meanwhile is computed with the present
 * version, and when they are in front it is there. How early they may begin the coordinator decides.
 *
 * <p>Pure and single-threaded. An upstream's credits are for all steps together.
 */
final class OpenSteps {

    /** Steps that may begin early, whoever orders it: each is an account and an accumulator. What settings allow. */
    static final int MOST_EARLY = 8;

    private final int stage;
    private final int stages;
    private final int credits;
    private StepAccount front;
    private final TreeMap<Long, StepAccount> early = new TreeMap<>();

    OpenSteps(int stage, int stages, int credits) {
        this.stage = stage;
        this.stages = stages;
        this.credits = credits;
        this.front = closed();
    }

    private StepAccount closed() {
        return new StepAccount(stage, stages, credits);
    }

    /** The account of the step that makes the next version; open if that has begun. */
    StepAccount front() {
        return front;
    }

    /** The account that {@code id} belongs to; one that has it not open if there is none. */
    StepAccount of(MicrobatchId id) {
        return id.purpose() == Purpose.TRAIN ? early.getOrDefault(id.step(), front) : front;
    }

    boolean isOpen(Purpose purpose, long step) {
        return of(new MicrobatchId(purpose, step, 0)).isOpen(purpose, step);
    }

    /**
     * Begins a step.
     *
     * @param version held here
     * @throws ProtocolException if it begins too early
     */
    void open(Purpose purpose, long step, int microbatches, long version) {
        if (step - version > MOST_EARLY) {
            throw new ProtocolException("a step may begin " + MOST_EARLY
                    + " versions early, got an order to begin step " + step + " at version " + version);
        }
        StepAccount account = closed();
        account.open(purpose, step, microbatches);
        if (step == version) {
            front = account;
        } else {
            early.put(step, account);
        }
    }

    /** The step in front is applied; the result is what was begun early of the next, which now is in front. */
    void applied(long step) {
        early.headMap(step, true).clear();
        front = Optional.ofNullable(early.remove(step + 1)).orElseGet(this::closed);
    }

    StepAccount.Admission admit(DataFrame.Forward frame) {
        StepAccount account = of(frame.id());
        Member upstream = frame.route().from();
        long elsewhere = all().stream()
                .filter(other -> other != account)
                .mapToLong(other -> other.inFlight(upstream))
                .sum();
        return account.admit(frame, elsewhere);
    }

    /** What to compute next: backward, then replays, then forward; the lowest microbatch of each. */
    Optional<StepAccount.Work> nextWork(long version) {
        for (StepAccount.Urgency urgency : StepAccount.Urgency.values()) {
            for (StepAccount account : all()) {
                Optional<StepAccount.Work> work = account.nextWork(urgency, version);
                if (work.isPresent()) {
                    return work;
                }
            }
        }
        return Optional.empty();
    }

    /** Upstreams have changed: as {@link StepAccount#upstreams} for every step. */
    List<MicrobatchId> upstreams(List<Member> present) {
        return all().stream()
                .flatMap(account -> account.upstreams(present).stream())
                .toList();
    }

    /** Microbatches that wait for a pass. */
    long waiting() {
        return all().stream().mapToLong(StepAccount::waiting).sum();
    }

    /** Rising. */
    private List<StepAccount> all() {
        List<StepAccount> all = new ArrayList<>(List.of(front));
        all.addAll(early.values());
        return all;
    }

    /** For logs. */
    @Override
    public String toString() {
        return all().toString();
    }
}
