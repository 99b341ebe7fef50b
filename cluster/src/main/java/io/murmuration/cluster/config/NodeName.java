package io.murmuration.cluster.config;

import java.util.regex.Pattern;

/**
 * What a node may be called: the same for its settings, its certificate and who greets. It is the name of a host, so that a
 * certificate can carry it, and the name of a file and of a folder.
 */
public final class NodeName {

    /** Says what is expected, for messages. */
    public static final String EXPECTED =
            "the name of a node: at most 64 letters, digits, dots, and, within, dashes and"
                    + " underscores, such as eu-3 or hub.example.org";

    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?";

    /** A certificate's common name takes 64 characters. */
    static final Pattern PATTERN = Pattern.compile("(?=.{1,64}$)" + LABEL + "(?:\\." + LABEL + ")*");

    private NodeName() {}

    public static boolean isOne(String text) {
        return PATTERN.matcher(text).matches();
    }
}
