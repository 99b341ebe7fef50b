package io.murmuration.faults.scenario.file;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import io.murmuration.faults.scenario.Bound;
import io.murmuration.faults.scenario.Comparison;
import io.murmuration.faults.scenario.ComputeMode;
import io.murmuration.faults.scenario.Heal;
import io.murmuration.faults.scenario.Measure;
import io.murmuration.faults.scenario.Place;
import io.murmuration.faults.scenario.Scenario;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code expect}, and adds what every scenario is held to. */
final class ExpectReader {

    private static final Pattern COMPARED = Pattern.compile("\\s*(<=|>=|==|!=|<|>|=)\\s*(.+?)\\s*");
    private static final String ALL = "all";

    private ExpectReader() {}

    static List<Bound> read(Optional<Fields> expect, ComputeMode compute, Heal heal, Place scenario) {
        List<Bound> bounds = new ArrayList<>();
        if (expect.isPresent()) {
            Fields fields = expect.get();
            for (Measure measure : Measure.values()) {
                fields.value(measure.key()).ifPresent(value -> bounds.add(bound(fields, measure, value, compute)));
            }
            fields.finish();
        }
        imply(bounds, heal, expect.map(Fields::place).orElse(scenario));
        return bounds;
    }

    private static Bound bound(Fields fields, Measure measure, ConfigValue value, ComputeMode compute) {
        if (compute == ComputeMode.COST && measure.needs(Measure.Needs.LOSS)) {
            throw fields.wrong(
                    measure.key(),
                    "with compute = cost nothing is learnt, so there is no loss; expected compute = real");
        }
        Bound.Demand demand =
                switch (measure.unit()) {
                    case FLAG -> flag(fields, measure);
                    case TEXT -> new Bound.Equals(fields.required(measure.key(), "text"));
                    case NUMBER, DURATION, SHARE -> compared(fields, measure, value);
                };
        return new Bound(measure, demand, false, Fields.placeOf(value));
    }

    private static Bound.Demand flag(Fields fields, Measure measure) {
        return switch (fields.required(measure.key(), "true")) {
            case "true", "= true" -> new Bound.Is(true);
            case "false", "= false" -> new Bound.Is(false);
            default -> throw fields.unfit(measure.key(), "true or false");
        };
    }

    private static Bound.Demand compared(Fields fields, Measure measure, ConfigValue value) {
        String expected =
                switch (measure.unit()) {
                    case DURATION -> "a comparison with a time such as \"< 30s\"";
                    case SHARE -> "all, or a comparison such as \">= 2\"";
                    default -> "a comparison such as \"< 0.10\", \"= 0\" or \">= 20\"";
                };
        if (value.valueType() == ConfigValueType.NUMBER && measure.unit() != Measure.Unit.DURATION) {
            return new Bound.Compared(Comparison.EQUAL, ((Number) value.unwrapped()).doubleValue());
        }
        String text = value.valueType() == ConfigValueType.STRING ? (String) value.unwrapped() : "";
        if (measure.unit() == Measure.Unit.SHARE && text.strip().equals(ALL)) {
            return new Bound.All();
        }
        Matcher matcher = COMPARED.matcher(text);
        if (!matcher.matches()) {
            throw fields.unfit(measure.key(), expected);
        }
        Comparison comparison = Comparison.of(matcher.group(1)).orElseThrow();
        return new Bound.Compared(
                comparison,
                (measure.unit() == Measure.Unit.DURATION ? seconds(matcher.group(2)) : number(matcher.group(2)))
                        .orElseThrow(() -> fields.unfit(measure.key(), expected)));
    }

    private static Optional<Double> number(String text) {
        boolean percent = text.endsWith("%");
        try {
            double number = Double.parseDouble(percent ? text.substring(0, text.length() - 1) : text);
            return Double.isFinite(number) ? Optional.of(percent ? number / 100 : number) : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<Double> seconds(String text) {
        // HOCON takes a bare number for milliseconds; in a bound nobody would see that.
        if (!Character.isLetter(text.charAt(text.length() - 1))) {
            return Optional.empty();
        }
        try {
            Duration time = ConfigValueFactory.fromAnyRef(text).atKey("time").getDuration("time");
            return Optional.of(time.toNanos() / 1e9);
        } catch (ConfigException | ArithmeticException e) {
            return Optional.empty();
        }
    }

    /** Safety is asked of every run; liveness of every run that is healed. */
    private static void imply(List<Bound> bounds, Heal heal, Place place) {
        for (Measure measure : List.of(Measure.EVERY_MICROBATCH_COUNTED_ONCE, Measure.REPLICAS_AGREE)) {
            if (find(bounds, measure).isEmpty()) {
                bounds.add(new Bound(measure, new Bound.Is(true), true, place));
            }
        }
        if (!(heal instanceof Heal.Never)
                && find(bounds, Measure.PROGRESS_AFTER_HEAL).isEmpty()) {
            Bound.Compared usual = new Bound.Compared(Comparison.LESS, Scenario.LIVENESS.toSeconds());
            Bound.Demand demand = find(bounds, Measure.RECOVERY)
                    .map(Bound::demand)
                    .filter(given -> given instanceof Bound.Compared(Comparison comparison, double _)
                            && (comparison == Comparison.LESS || comparison == Comparison.AT_MOST))
                    .orElse(usual);
            bounds.add(new Bound(Measure.PROGRESS_AFTER_HEAL, demand, true, place));
        }
    }

    private static Optional<Bound> find(List<Bound> bounds, Measure measure) {
        return bounds.stream().filter(bound -> bound.measure() == measure).findFirst();
    }
}
