package io.murmuration.cluster.report;

/** Texts of bounded length. */
public final class Texts {

    private Texts() {}

    /**
     * The first characters, never half of one: a lone surrogate cannot be written as UTF-8.
     *
     * @param most UTF-16 units
     */
    public static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        boolean apart = most > 0
                && Character.isHighSurrogate(text.charAt(most - 1))
                && Character.isLowSurrogate(text.charAt(most));
        return text.substring(0, apart ? most - 1 : most);
    }
}
