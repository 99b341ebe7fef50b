package io.murmuration.faults.simulation.world;

/** Which transmissions are lost. What is lost is sent again by the transport, so loss is delay. */
public sealed interface Loss {

    /** Nothing is lost. */
    record None() implements Loss {}

    /** Each piece is lost with the same probability. */
    record Independent(double probability) implements Loss {
        public Independent {
            checkProbability("loss", probability);
        }
    }

    /**
     * Losses come in bursts (Gilbert 1960, Elliott 1963): a link is good or bad, and changes with each piece. In the long
     * run {@code (good * r + bad * p) / (p + r)} of all pieces are lost.
     *
     * @param p probability that a good link turns bad
     * @param r probability that a bad link turns good
     * @param good probability that a good link loses a piece
     * @param bad probability that a bad link loses a piece
     */
    record GilbertElliott(double p, double r, double good, double bad) implements Loss {
        public GilbertElliott {
            checkProbability("p", p);
            checkProbability("r", r);
            checkProbability("good", good);
            checkProbability("bad", bad);
        }
    }

    /** @throws IllegalArgumentException unless {@code value} is from 0 to 1 */
    static void checkProbability(String what, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(what + " is a probability, got " + value);
        }
    }
}
