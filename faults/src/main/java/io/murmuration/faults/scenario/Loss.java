package io.murmuration.faults.scenario;

/**
 * How messages get lost on a link. Both planes are reliable connections: what is lost is sent again, so a loss is a delay
 * of a round trip or more and never a hole.
 */
public sealed interface Loss {

    /** Each message on its own, with that probability. */
    record Independent(double probability) implements Loss {
        @Override
        public String text() {
            return String.valueOf(probability);
        }
    }

    /**
     * Losses in bursts (Gilbert 1960, Elliott 1963): the link is good or bad, and changes with each message.
     *
     * @param p probability to go from good to bad
     * @param r probability to go from bad to good
     * @param good loss while good
     * @param bad loss while bad
     */
    record GilbertElliott(double p, double r, double good, double bad) implements Loss {
        @Override
        public String text() {
            return "gilbert-elliott p=" + p + " r=" + r + " good=" + good + " bad=" + bad;
        }
    }

    /** Nothing is lost. */
    Loss NONE = new Independent(0);

    /** As a person reads it. */
    String text();
}
