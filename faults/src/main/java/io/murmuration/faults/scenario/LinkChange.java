package io.murmuration.faults.scenario;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Some properties of a link; what is empty stays as it was. */
public record LinkChange(
        Optional<Duration> latency,
        Optional<Jitter> jitter,
        Optional<Long> rate,
        Optional<Loss> loss,
        Optional<Double> corrupt,
        Optional<Double> duplicate,
        Optional<Double> reorder) {

    /** The link with these properties. */
    public LinkSettings on(LinkSettings link) {
        return new LinkSettings(
                latency.orElse(link.latency()),
                jitter.orElse(link.jitter()),
                rate.map(OptionalLong::of).orElse(link.rate()),
                loss.orElse(link.loss()),
                corrupt.orElse(link.corrupt()),
                duplicate.orElse(link.duplicate()),
                reorder.orElse(link.reorder()));
    }

    /** This change, and of {@code other} what this one leaves as it was. */
    public LinkChange or(LinkChange other) {
        return new LinkChange(
                latency.or(other::latency),
                jitter.or(other::jitter),
                rate.or(other::rate),
                loss.or(other::loss),
                corrupt.or(other::corrupt),
                duplicate.or(other::duplicate),
                reorder.or(other::reorder));
    }

    /** In one line. */
    public String text() {
        List<String> parts = new ArrayList<>();
        latency.ifPresent(v -> parts.add("latency " + Durations.text(v)));
        jitter.ifPresent(v -> parts.add("jitter " + v.text()));
        rate.ifPresent(v -> parts.add("rate " + Rates.text(v)));
        loss.ifPresent(v -> parts.add("loss " + v.text()));
        corrupt.ifPresent(v -> parts.add("corrupt " + v));
        duplicate.ifPresent(v -> parts.add("duplicate " + v));
        reorder.ifPresent(v -> parts.add("reorder " + v));
        return String.join(", ", parts);
    }
}
