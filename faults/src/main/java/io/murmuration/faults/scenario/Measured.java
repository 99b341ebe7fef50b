package io.murmuration.faults.scenario;

import java.math.BigDecimal;
import java.math.MathContext;

/** What came out for a measure. */
public sealed interface Measured {

    record Flag(boolean value) implements Measured {
        @Override
        public String text() {
            return String.valueOf(value);
        }
    }

    /** Also a time, in seconds. */
    record Amount(double value) implements Measured {
        @Override
        public String text() {
            return plain(value);
        }
    }

    /** Some of all. */
    record Share(long some, long all) implements Measured {
        @Override
        public String text() {
            return some + " of " + all;
        }
    }

    record Text(String value) implements Measured {
        @Override
        public String text() {
            return value;
        }
    }

    /** For people, without a unit. */
    String text();

    /** Four digits that count, no exponent where none is needed. */
    static String plain(double value) {
        if (!Double.isFinite(value)) {
            return String.valueOf(value);
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros();
        boolean short_ = value == 0 || Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9;
        return short_ ? rounded.toPlainString() : rounded.toString();
    }
}
