package io.murmuration.faults.simulation.world;

import java.time.Duration;

/**
 * What one direction between two nodes does to what passes.
 *
 * @param latency from the last bit sent to the last bit received
 * @param jitter per message; order within a connection is kept all the same
 * @param rate of all connections of this direction together
 * @param loss per piece of at most {@link NetworkSettings#pieceBytes}
 * @param duplicate probability that a message arrives twice
 * @param reorder probability that a message is held up while later ones overtake it
 * @param corrupt probability that a message arrives damaged: a control message is lost, a data frame costs the connection
 */
public record LinkModel(
        Duration latency, Jitter jitter, Rate rate, Loss loss, double duplicate, double reorder, double corrupt) {

    /** Instant, endless and faithful. */
    public static final LinkModel IDEAL =
            new LinkModel(Duration.ZERO, new Jitter.None(), Rate.UNLIMITED, new Loss.None(), 0, 0, 0);

    public LinkModel {
        if (latency.isNegative()) {
            throw new IllegalArgumentException("a latency is not negative, got " + latency);
        }
        Loss.checkProbability("duplicate", duplicate);
        Loss.checkProbability("reorder", reorder);
        Loss.checkProbability("corrupt", corrupt);
    }

    public LinkModel latency(Duration other) {
        return new LinkModel(other, jitter, rate, loss, duplicate, reorder, corrupt);
    }

    public LinkModel jitter(Jitter other) {
        return new LinkModel(latency, other, rate, loss, duplicate, reorder, corrupt);
    }

    public LinkModel rate(Rate other) {
        return new LinkModel(latency, jitter, other, loss, duplicate, reorder, corrupt);
    }

    public LinkModel loss(Loss other) {
        return new LinkModel(latency, jitter, rate, other, duplicate, reorder, corrupt);
    }

    public LinkModel duplicate(double other) {
        return new LinkModel(latency, jitter, rate, loss, other, reorder, corrupt);
    }

    public LinkModel reorder(double other) {
        return new LinkModel(latency, jitter, rate, loss, duplicate, other, corrupt);
    }

    public LinkModel corrupt(double other) {
        return new LinkModel(latency, jitter, rate, loss, duplicate, reorder, other);
    }
}
