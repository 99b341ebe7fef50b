package io.murmuration.actors.run;

import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** When a checkpoint is to be kept, and how the one under way is seen to its end. Pure and single-threaded. */
final class Keeping {

    private final Desk desk;
    private final AskAgain asking;
    /** The version of which one was begun last, or which needs none. */
    private long tried = -1;
    /** One was due while joiners still needed an older copy. */
    private boolean pending;
    /** One was asked for that was not begun. */
    private boolean wanted;

    private int repins;
    private long began;

    Keeping(Desk desk) {
        this.desk = desk;
        this.asking = new AskAgain(desk.plan.controlRetry(), desk.now);
    }

    /** Somebody asks for a checkpoint. */
    void want() {
        wanted = true;
    }

    /** The run begins from this version, which was kept when it was made. */
    void begun() {
        tried = desk.version;
    }

    /** A checkpoint that was under way was given up with the last coordinator. */
    void tookOver() {
        long every = desk.plan.keepEvery();
        tried = desk.checkpoints.source(desk.version).isPresent() ? desk.version : -1;
        pending = every > 0 && desk.newestVersion() < desk.version - desk.version % every;
    }

    /** The run goes back. */
    void goesBack() {
        desk.checkpoints.giveUp("the run goes back").ifPresent(desk::tell);
        pending = false;
    }

    /** The version is another one now, though its number is the same. */
    void again() {
        tried = -1;
    }

    /** Joiners are to let go of older copies. */
    boolean isPending() {
        return pending;
    }

    /** Whether the next boundary has to be one at which everybody is at the same version. */
    boolean waitsForBoundary() {
        return wanted || pending;
    }

    /**
     * At a boundary: whether a checkpoint of the present version is to be begun.
     *
     * @param needed whatever the plan says
     */
    boolean due(boolean needed) {
        keptAlready();
        boolean asked = wanted && !desk.checkpoints.isOpen();
        boolean planned = pending || (desk.plan.keepEvery() > 0 && desk.version % desk.plan.keepEvery() == 0);
        return asked || ((needed || planned || wanted) && tried != desk.version);
    }

    /** Who asked for a checkpoint of this version, which is there, is told so. */
    private void keptAlready() {
        if (wanted
                && !desk.checkpoints.isOpen()
                && desk.checkpoints.source(desk.version).isPresent()) {
            wanted = false;
            desk.tell(new RunEvent.Kept(desk.version, desk.checkpoints.sources(desk.version)));
        }
    }

    /** Begins the checkpoint that is due, unless joiners still need older copies. */
    void begin() {
        pending = desk.joins.busy();
        if (pending) {
            return;
        }
        tried = desk.version;
        repins = 0;
        began = desk.now;
        asking.restart(desk.now);
        if (desk.checkpoints.begin(desk.version, desk.promises::isReachable)) {
            ask();
        } else if (wanted) {
            desk.tell(new RunEvent.NotKept(desk.version, "no node that keeps checkpoints is there"));
        }
        wanted = false;
    }

    /** Somebody can be reached again: what was said to it meanwhile may be lost. */
    void askSoon() {
        asking.restart(desk.now);
    }

    void askAgain() {
        if (asking.due(desk.now)) {
            ask();
        }
    }

    private void ask() {
        desk.checkpoints.waiting().forEach(this::ask);
    }

    /** Donors pin the version only while it is the present one; later the keeper makes do with those that have. */
    private void ask(Member keeper) {
        Checkpoints open = desk.checkpoints;
        if (open.version() == desk.version) {
            List<List<Member>> donors = new ArrayList<>();
            for (int stage = 0; stage < desk.plan.stages(); stage++) {
                donors.add(desk.joins.pin(stage, keeper));
            }
            open.donors(donors);
        }
        desk.send(keeper, new KeeperMessage.Keep(desk.epoch(), open.version(), open.donors()));
    }

    /** Whether the one under way takes longer than a boundary may be held. */
    boolean isLate() {
        return desk.checkpoints.isOpen()
                && desk.now - began >= desk.plan.holdBoundary().toNanos();
    }

    /**
     * The keepers have nobody left to ask: others may still pin the present version, for a while.
     *
     * @return how it ended, if it did
     */
    Optional<RunEvent> donorsGone(String reason) {
        repins++;
        if (desk.checkpoints.version() == desk.version
                && repins < desk.plan.joins().attempts()) {
            ask();
            return Optional.empty();
        }
        return giveUp(reason);
    }

    /** @return how it ended, if one was under way */
    Optional<RunEvent> giveUp(String reason) {
        desk.checkpoints.waiting().forEach(desk.joins::unpin);
        return desk.checkpoints.giveUp(reason);
    }

    /**
     * A keeper has answered.
     *
     * @param problem why it has not kept the version
     * @return how the checkpoint ended, if it did
     */
    Optional<RunEvent> answered(Member keeper, long version, Optional<String> problem) {
        if (desk.checkpoints.waiting().contains(keeper) && desk.checkpoints.version() == version) {
            desk.joins.unpin(keeper);
        }
        return desk.checkpoints.answered(keeper, version, problem);
    }
}
