package io.murmuration.cluster.config;

import com.typesafe.config.ConfigOrigin;

/** Says where a value was written, in the words of the one who wrote it. */
public final class Origins {

    private Origins() {}

    /** {@code FILE:LINE} for a file, else what the origin calls itself ({@code --set}, {@code environment}). */
    public static String of(ConfigOrigin origin) {
        String place = origin.filename() != null
                ? origin.filename()
                : origin.resource() != null ? origin.resource() : origin.description();
        boolean inFile = origin.filename() != null || origin.resource() != null;
        return inFile && origin.lineNumber() > 0 ? place + ":" + origin.lineNumber() : place;
    }
}
