package io.murmuration.cluster.membership;

import io.murmuration.cluster.report.Texts;

/**
 * What became of an {@link Order}.
 *
 * @param text for a person, in one line
 */
public record OrderAnswer(Outcome outcome, String text) {

    /** Longer texts are cut: an answer fits any message. */
    private static final int MOST_CHARACTERS = 400;

    /** How it went. */
    public enum Outcome {
        /** It is or will be carried out. */
        DONE,
        /** It cannot be carried out, and asking again does not help. */
        REFUSED,
        /** There is no such node. */
        UNKNOWN_NODE,
        /** It cannot be carried out now. */
        NOT_NOW
    }

    public OrderAnswer {
        text = Texts.cut(text, MOST_CHARACTERS);
    }

    public static OrderAnswer done(String text) {
        return new OrderAnswer(Outcome.DONE, text);
    }

    public static OrderAnswer refused(String text) {
        return new OrderAnswer(Outcome.REFUSED, text);
    }

    public static OrderAnswer notNow(String text) {
        return new OrderAnswer(Outcome.NOT_NOW, text);
    }
}
