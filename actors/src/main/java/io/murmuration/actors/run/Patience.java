package io.murmuration.actors.run;

import java.time.Duration;

/**
 * How long this coordinator has waited for the others, as far as it was there to hear them. A tick counts as what lies
 * between two ticks and no more: one that stood still for a minute has not waited for anybody, and must not declare lost
 * whoever could not reach it. Single-threaded.
 */
final class Patience {

    private final Desk desk;
    private long lastTick;
    private long waited;

    Patience(Desk desk) {
        this.desk = desk;
        this.lastTick = desk.now;
    }

    void tick() {
        waited += Math.min(desk.now - lastTick, desk.plan.controlRetry().toNanos());
        lastTick = desk.now;
    }

    boolean waited(Duration wait) {
        return waited >= wait.toNanos();
    }
}
