package io.murmuration.faults.run;

import io.murmuration.faults.scenario.LinkChange;
import io.murmuration.faults.scenario.LinkSettings;
import io.murmuration.faults.simulation.world.Jitter;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Loss;
import io.murmuration.faults.simulation.world.Rate;

/** What a scenario says about a link, as the simulated network takes it. */
final class WorldLinks {

    private WorldLinks() {}

    static LinkModel model(LinkSettings link) {
        return new LinkModel(
                link.latency(),
                jitter(link.jitter()),
                link.rate().isPresent() ? new Rate(link.rate().getAsLong()) : Rate.UNLIMITED,
                loss(link.loss()),
                link.duplicate(),
                link.reorder(),
                link.corrupt());
    }

    /** A link as it is, with what a change names set anew. */
    static LinkModel changed(LinkModel model, LinkChange change) {
        return new LinkModel(
                change.latency().orElse(model.latency()),
                change.jitter().map(WorldLinks::jitter).orElse(model.jitter()),
                change.rate().map(Rate::new).orElse(model.rate()),
                change.loss().map(WorldLinks::loss).orElse(model.loss()),
                change.duplicate().orElse(model.duplicate()),
                change.reorder().orElse(model.reorder()),
                change.corrupt().orElse(model.corrupt()));
    }

    private static Jitter jitter(io.murmuration.faults.scenario.Jitter jitter) {
        if (jitter.size().isZero()) {
            return new Jitter.None();
        }
        return switch (jitter.distribution()) {
            case NORMAL -> new Jitter.Normal(jitter.size());
            case UNIFORM -> new Jitter.Uniform(jitter.size());
            case EXPONENTIAL -> new Jitter.Exponential(jitter.size());
        };
    }

    private static Loss loss(io.murmuration.faults.scenario.Loss loss) {
        return switch (loss) {
            case io.murmuration.faults.scenario.Loss.Independent(double probability) ->
                probability == 0 ? new Loss.None() : new Loss.Independent(probability);
            case io.murmuration.faults.scenario.Loss.GilbertElliott(double p, double r, double good, double bad) ->
                new Loss.GilbertElliott(p, r, good, bad);
        };
    }
}
