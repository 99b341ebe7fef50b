package io.murmuration.actors.run;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Standing;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a coordinator comes to command: it asks everybody present to promise its term, and decides from what they hold.
 * A cold start is the same, only that nobody holds anything; then it waits until there are enough to begin.
 *
 * <p>A refused term is raised above the one that was seen, at once the first time and then with the next tick, for as
 * long as membership says that this one leads: two who both believe so must not make each other busy. Pure and
 * single-threaded.
 */
final class TakeOver {

    private final Desk desk;
    /** What anybody still holds was given up: the run begins anew from what the keepers have. */
    private final boolean anew;

    private final int shardsWanted;
    private final int trainersWanted;
    private final int keepersWanted;
    private Patience patience;
    private boolean raisedBefore;
    private long raiseTo;

    private TakeOver(Desk desk, boolean anew, int shards, int trainers, int keepers) {
        this.desk = desk;
        this.anew = anew;
        this.shardsWanted = shards;
        this.trainersWanted = trainers;
        this.keepersWanted = keepers;
        this.patience = new Patience(desk);
    }

    /** A new coordinator's. */
    static TakeOver first(Desk desk) {
        RunPlan plan = desk.plan;
        return new TakeOver(desk, false, plan.stages() * plan.replicas(), plan.trainers(), plan.keepers());
    }

    /** After a stage was lost: everybody who is there comes back with nothing. */
    static TakeOver anew(Desk desk) {
        RunPlan plan = desk.plan;
        return new TakeOver(
                desk,
                true,
                Math.min(plan.stages() * plan.replicas(), desk.promises.present(Role.SHARD)),
                Math.min(plan.trainers(), desk.promises.present(Role.TRAINER)),
                Math.min(plan.keepers(), desk.promises.present(Role.KEEPER)));
    }

    boolean isAnew() {
        return anew;
    }

    /** The order was refused: somebody else has a higher term, or had this one first. */
    void refused(CoordinatorMessage.Superseded superseded) {
        if (superseded.got().term() != desk.epoch().term()) {
            return;
        }
        raiseTo = Math.max(raiseTo, superseded.seen().term() + 1);
        if (!raisedBefore) {
            raisedBefore = true;
            raise();
        }
    }

    private void raise() {
        if (raiseTo > desk.epoch().term()) {
            desk.roster = new Roster(new Epoch(raiseTo, 0), List.of(), List.of());
            desk.promises.forget();
            patience = new Patience(desk);
            desk.promises.missing().forEach(this::ask);
        }
    }

    void tick() {
        patience.tick();
        raise();
    }

    private void ask(Member member) {
        desk.send(member, new MemberMessage.TakeOver(desk.epoch()));
    }

    /** What is to be done, once that is clear; {@link Recovery.Nothing} means that enough are there to begin. */
    Optional<Recovery.Finding> settle() {
        if (raiseTo > desk.epoch().term()) {
            // Refused: whoever obeys another in a higher term is not lost, and must not be taken for it.
            return Optional.empty();
        }
        boolean waitedForPromises = patience.waited(desk.plan.promiseWait());
        if (desk.promises.incomplete() && !waitedForPromises) {
            return Optional.empty();
        }
        Map<Member, Standing.OfShard> shards = desk.promises.shardsBut(desk.expelled());
        Map<Member, Standing.OfTrainer> trainers = desk.promises.trainersBut(desk.expelled());
        return switch (Recovery.of(desk.plan.stages(), shards, trainers)) {
            case Recovery.Found found -> Optional.of(found);
            case Recovery.Incomplete incomplete ->
                Optional.<Recovery.Finding>of(incomplete).filter(lost -> waitedForPromises);
            case Recovery.Nothing nothing ->
                enough(
                                (int) shards.values().stream()
                                        .filter(Standing.OfShard::fresh)
                                        .count(),
                                trainers.size())
                        ? Optional.of(nothing)
                        : Optional.empty();
        };
    }

    private boolean enough(int shards, int trainers) {
        boolean planned =
                shards >= shardsWanted && trainers >= trainersWanted && desk.checkpoints.keepers() >= keepersWanted;
        if (planned || !patience.waited(desk.plan.gatherWait())) {
            return planned;
        }
        String have = shards + " of " + shardsWanted + " shards, " + trainers + " of " + trainersWanted
                + " trainers and " + desk.checkpoints.keepers() + " of " + keepersWanted + " keepers";
        boolean able = shards >= desk.plan.stages() && trainers > 0;
        desk.waitFor(
                able
                        ? "begins with " + have + " after " + desk.plan.gatherWait()
                        : "a shard for each of " + desk.plan.stages() + " stages and a trainer are needed: there are "
                                + have);
        return able;
    }
}
