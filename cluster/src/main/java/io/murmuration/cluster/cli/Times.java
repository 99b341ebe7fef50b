package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.UserError;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;

/** Times in options, as settings have them: {@code 500ms}, {@code 10s}, {@code 2m}. */
public final class Times {

    /** Longer is a mistake; sums of such times stay far within a long of nanoseconds. */
    private static final Duration LONGEST = Duration.ofDays(365);

    private Times() {}

    /**
     * A time above nothing, of at most a year.
     *
     * @param option that it was given to
     * @throws UserError if it is none
     */
    public static Duration positive(String option, String text) {
        try {
            Duration time = text.endsWith("ms")
                    ? Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)))
                    : Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
            if (time.isPositive() && time.compareTo(LONGEST) <= 0) {
                return time;
            }
        } catch (DateTimeParseException | NumberFormatException e) {
            throw new UserError(option + " " + text + ": expected a time such as 10s", e);
        }
        throw new UserError(option + " " + text + ": expected more than nothing, and at most a year");
    }
}
