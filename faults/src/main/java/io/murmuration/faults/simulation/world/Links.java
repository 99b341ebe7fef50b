package io.murmuration.faults.simulation.world;

import io.murmuration.faults.simulation.EventLoop;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** All directions between nodes that were ever used or cut, and what transmissions on them share. */
final class Links {

    private final EventLoop loop;
    private final long seed;
    private final Machines machines;
    private final LinkModels models;
    private final NetworkSettings settings;
    private final FairShare share;
    private final Map<Pair, Link> links = new LinkedHashMap<>();
    private final Map<String, Link> loopbacks = new LinkedHashMap<>();
    private final Map<String, FairShare.Resource> uplinks = new LinkedHashMap<>();
    private final Map<String, FairShare.Resource> downlinks = new LinkedHashMap<>();

    Links(EventLoop loop, long seed, Machines machines, LinkModels models, NetworkSettings settings) {
        this.loop = loop;
        this.seed = seed;
        this.machines = machines;
        this.models = models;
        this.settings = settings;
        this.share = new FairShare(loop);
    }

    EventLoop loop() {
        return loop;
    }

    Machines machines() {
        return machines;
    }

    NetworkSettings settings() {
        return settings;
    }

    FairShare share() {
        return share;
    }

    void uplink(String node, Rate rate) {
        share.rate(uplinks.computeIfAbsent(node, each -> new FairShare.Resource(rate)), rate);
    }

    void downlink(String node, Rate rate) {
        share.rate(downlinks.computeIfAbsent(node, each -> new FairShare.Resource(rate)), rate);
    }

    /** Changes what a link is, and with it the rate of what is being sent on it. */
    void alter(Link link, Consumer<Link> change) {
        change.accept(link);
        share.rate(link.resource(), link.model().rate());
    }

    Collection<Link> all() {
        return links.values();
    }

    /** The link if it was ever used or cut. */
    Optional<Link> known(Pair pair) {
        return Optional.ofNullable(links.get(pair));
    }

    Link link(Pair pair) {
        return links.computeIfAbsent(pair, each -> {
            if (!machines.exists(each.from()) || !machines.exists(each.to())) {
                throw new IllegalArgumentException("a link needs two nodes that exist, got " + each);
            }
            return new Link(each.from(), each.to(), models.between(each.from(), each.to()), seed, settings);
        });
    }

    /** Within a node everything takes the local delay and nothing goes wrong. */
    Link link(String from, String to) {
        return from.equals(to)
                ? loopbacks.computeIfAbsent(
                        from,
                        node -> new Link(node, node, LinkModel.IDEAL.latency(settings.localDelay()), seed, settings))
                : link(new Pair(from, to));
    }

    List<FairShare.Resource> resources(Link link) {
        List<FairShare.Resource> over = new ArrayList<>();
        over.add(link.resource());
        if (!link.from().equals(link.to())) {
            Optional.ofNullable(uplinks.get(link.from())).ifPresent(over::add);
            Optional.ofNullable(downlinks.get(link.to())).ifPresent(over::add);
        }
        return over;
    }

    long localDelay() {
        return settings.localDelay().toNanos();
    }

    /** Nanoseconds one way, jitter apart. */
    long latency(Link link) {
        return link.model().latency().toNanos();
    }

    /** Nanoseconds there and back, jitter apart. */
    long roundTrip(String from, String to) {
        return Math.max(localDelay(), latency(link(from, to)) + latency(link(to, from)));
    }

    /** Nanoseconds after which what was lost is sent again for the first time: as Linux does, the least and a round trip. */
    long retransmitAfter(Link link) {
        return settings.leastRetransmit().toNanos() + roundTrip(link.from(), link.to());
    }
}
