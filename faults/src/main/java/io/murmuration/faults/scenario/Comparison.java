package io.murmuration.faults.scenario;

import java.util.Arrays;
import java.util.Optional;

/** How two values are compared. With a number that is not one (NaN) nothing holds, not even {@code !=}. */
public enum Comparison {
    LESS("<"),
    AT_MOST("<="),
    EQUAL("=="),
    DIFFERENT("!="),
    AT_LEAST(">="),
    GREATER(">");

    private final String sign;

    Comparison(String sign) {
        this.sign = sign;
    }

    public String sign() {
        return sign;
    }

    /** By its sign; {@code =} is {@code ==}. */
    public static Optional<Comparison> of(String sign) {
        return Arrays.stream(values())
                .filter(each -> each.sign.equals(sign) || each == EQUAL && sign.equals("="))
                .findFirst();
    }

    /** Whether {@code left SIGN right}. */
    public boolean holds(double left, double right) {
        if (Double.isNaN(left) || Double.isNaN(right)) {
            return false;
        }
        return switch (this) {
            case LESS -> left < right;
            case AT_MOST -> left <= right;
            case EQUAL -> left == right;
            case DIFFERENT -> left != right;
            case AT_LEAST -> left >= right;
            case GREATER -> left > right;
        };
    }
}
