package io.murmuration.faults.scenario;

import java.util.Optional;

/**
 * What a scenario demands of a measure.
 *
 * @param implied whether it is demanded of every scenario of this kind and was not written
 */
public record Bound(Measure measure, Demand demand, boolean implied, Place place) {

    /** What a value must be. */
    public sealed interface Demand {}

    /** This and nothing else. */
    public record Is(boolean value) implements Demand {}

    /** A number, or seconds. */
    public record Compared(Comparison comparison, double value) implements Demand {}

    /** As many as there are. */
    public record All() implements Demand {}

    /** These words. */
    public record Equals(String text) implements Demand {}

    /** The demand as a file has it. */
    public String text() {
        return switch (demand) {
            case Is(boolean value) -> "= " + value;
            case Compared(Comparison comparison, double value) ->
                (comparison == Comparison.EQUAL ? "=" : comparison.sign()) + " " + Measured.plain(value) + unit();
            case All _ -> "all";
            case Equals(String text) -> "= " + text;
        };
    }

    /** A value with the measure's unit. */
    public String text(Measured value) {
        return value.text() + (value instanceof Measured.Amount ? unit() : "");
    }

    private String unit() {
        return measure.unit() == Measure.Unit.DURATION ? " s" : "";
    }

    /**
     * Whether a value is as demanded; without a value nobody knows. A number that is not one never is.
     *
     * @throws IllegalArgumentException if the value is none of this measure: a bug of who measured
     */
    public Verdict judge(Optional<Measured> measured) {
        if (measured.isEmpty()) {
            return Verdict.UNKNOWN;
        }
        boolean holds =
                switch (demand) {
                    case Is(boolean value) when measured.get() instanceof Measured.Flag(boolean came) -> came == value;
                    case Compared(Comparison comparison, double value)
                    when measured.get() instanceof Measured.Amount(double came) -> comparison.holds(came, value);
                    case Compared(Comparison comparison, double value)
                    when measured.get() instanceof Measured.Share(long some, long _) -> comparison.holds(some, value);
                    case All _ when measured.get() instanceof Measured.Share(long some, long all) -> some == all;
                    case Equals(String text)
                    when measured.get() instanceof Measured.Text(String came) -> came.equals(text);
                    default ->
                        throw new IllegalArgumentException(
                                measure.key() + " is bounded as " + text() + ", but was measured as " + measured.get());
                };
        return holds ? Verdict.PASSED : Verdict.FAILED;
    }
}
