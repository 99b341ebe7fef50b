package io.murmuration.faults.scenario;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Bits a second as networks are sold: {@code 20Mbps}, {@code 1.5 Gbps}; a kbps is 1000 bits. */
public final class Rates {

    private static final Pattern FORM = Pattern.compile("\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([kMG]?)bps\\s*");
    private static final Map<String, Long> UNITS = Map.of("", 1L, "k", 1_000L, "M", 1_000_000L, "G", 1_000_000_000L);
    /** A terabit a second: faster than what there is, and products with it still fit a long. */
    private static final long MOST = 1_000_000_000_000L;

    private Rates() {}

    /** Bits a second, at least 1; empty if that is no rate, or one above 1000 Gbps. */
    public static OptionalLong parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            return OptionalLong.empty();
        }
        BigDecimal rate = new BigDecimal(matcher.group(1))
                .multiply(BigDecimal.valueOf(UNITS.get(matcher.group(2))))
                .setScale(0, RoundingMode.DOWN);
        return rate.signum() > 0 && rate.compareTo(BigDecimal.valueOf(MOST)) <= 0
                ? OptionalLong.of(rate.longValueExact())
                : OptionalLong.empty();
    }

    /** The shortest exact way to write it. */
    public static String text(long bitsPerSecond) {
        String unit = bitsPerSecond >= UNITS.get("G")
                ? "G"
                : bitsPerSecond >= UNITS.get("M") ? "M" : bitsPerSecond >= UNITS.get("k") ? "k" : "";
        BigDecimal number = BigDecimal.valueOf(bitsPerSecond).divide(BigDecimal.valueOf(UNITS.get(unit)));
        return String.format(Locale.ROOT, "%s%sbps", number.toPlainString(), unit);
    }
}
