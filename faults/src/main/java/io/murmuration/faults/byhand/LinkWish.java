package io.murmuration.faults.byhand;

import io.murmuration.faults.scenario.Durations;
import io.murmuration.faults.scenario.Rates;
import io.murmuration.faults.simulation.world.Jitter;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Rate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a link is to be from now on; what is empty stays as it was.
 *
 * @param jitter the most that the latency is above or below
 * @param rate bits a second
 */
record LinkWish(Optional<Duration> latency, Optional<Duration> jitter, Optional<Long> rate) {

    static final LinkWish NONE = new LinkWish(Optional.empty(), Optional.empty(), Optional.empty());

    LinkModel on(LinkModel model) {
        LinkModel further = latency.map(model::latency).orElse(model);
        LinkModel uneven =
                jitter.map(size -> further.jitter(new Jitter.Uniform(size))).orElse(further);
        return rate.map(bits -> uneven.rate(new Rate(bits))).orElse(uneven);
    }

    String text() {
        List<String> parts = new ArrayList<>();
        latency.ifPresent(time -> parts.add("latency " + Durations.text(time)));
        jitter.ifPresent(time -> parts.add("jitter " + Durations.text(time)));
        rate.ifPresent(bits -> parts.add("rate " + Rates.text(bits)));
        return String.join(", ", parts);
    }
}
