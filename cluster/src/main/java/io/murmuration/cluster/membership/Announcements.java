package io.murmuration.cluster.membership;

import io.murmuration.cluster.transport.NodeIdentity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What this node says of itself to all others, again until they have confirmed it, and what they say of themselves. Not
 * thread-safe: the gateway owns it.
 */
final class Announcements {

    private final NodeIdentity self;
    private final Place here;
    private final OwnEntry own;
    private final Directory directory;
    private final News news;
    private final Gateways gateways;
    private final GatewayListener node;
    /** Which version of the own entry each process has confirmed. */
    private final Map<Place, Long> confirmed = new LinkedHashMap<>();

    private Optional<RunStatus> untold = Optional.empty();
    private boolean overTold;
    private boolean knownTold;

    Announcements(
            NodeIdentity self,
            Place here,
            OwnEntry own,
            Directory directory,
            News news,
            Gateways gateways,
            GatewayListener node) {
        this.self = self;
        this.here = here;
        this.own = own;
        this.directory = directory;
        this.news = news;
        this.gateways = gateways;
        this.node = node;
    }

    // ---- what this node says ------------------------------------------------------------------------------------

    /** Changes the own entry, and says so. */
    void changed(Runnable change) {
        change.run();
        hearOneself();
        others().forEach(this::announceTo);
        lookWhetherAllKnow();
    }

    /** The run is to stand still, or to go on, as a person wishes. */
    void wished(RunWish wish) {
        changed(() -> own.wishes(wish));
        node.paused(wish.paused());
    }

    /** How far the run is, to be told with the next round. */
    void progress(RunStatus status) {
        untold = Optional.of(status);
    }

    void tellAgain() {
        others().stream().filter(this::hasNotConfirmed).forEach(this::announceTo);
        untold.ifPresent(
                status -> others().forEach(place -> gateways.send(place, new ClusterMessage.Told(self.run(), status))));
        untold = Optional.empty();
        lookWhetherAllKnow();
    }

    private boolean hasNotConfirmed(Place place) {
        return confirmed.getOrDefault(place, 0L) < own.version();
    }

    private void announceTo(Place place) {
        own.entry().ifPresent(entry -> gateways.send(place, new ClusterMessage.Announced(self.run(), entry)));
    }

    private void hearOneself() {
        own.entry().ifPresent(entry -> news.tell(directory.announced(entry)));
    }

    private List<Place> others() {
        return directory.places().stream().filter(place -> !place.equals(here)).toList();
    }

    private void lookWhetherAllKnow() {
        boolean all = own.hasEnded()
                && others().stream()
                        .filter(place -> !directory.isUnreachable(place))
                        .noneMatch(this::hasNotConfirmed);
        if (all && !knownTold) {
            knownTold = true;
            node.everybodyKnows();
        }
    }

    // ---- who is there -------------------------------------------------------------------------------------------

    void appeared(Place place) {
        if (place.equals(here)) {
            hearOneself();
        } else if (hasNotConfirmed(place)) {
            announceTo(place);
        }
    }

    void disappeared(Place place) {
        confirmed.remove(place);
        lookWhetherAllKnow();
    }

    // ---- what others say ----------------------------------------------------------------------------------------

    void heardOf(DirectoryEntry entry) {
        if (!directory.knows(entry.place())) {
            return; // it says it again, and by then the cluster may have told us of it
        }
        news.tell(directory.announced(entry));
        gateways.send(
                entry.place(),
                new ClusterMessage.Heard(self.run(), self.node(), entry.node(), entry.life(), entry.version()));
        if (entry.wish().number() > own.wish().number()) {
            wished(entry.wish());
        }
        entry.ending().filter(ending -> !overTold).ifPresent(ending -> {
            overTold = true;
            node.over(ending);
        });
    }

    /** Somebody has heard what this node says. */
    void confirmed(ClusterMessage.Heard heard) {
        if (heard.node().equals(self.node()) && heard.life() == self.life()) {
            directory
                    .entry(heard.from())
                    .ifPresent(entry -> confirmed.merge(entry.place(), heard.version(), Math::max));
            lookWhetherAllKnow();
        }
    }

    /**
     * Of two that started at once under one name both were let in: the one that the cluster had first goes on. Who comes later,
     * for whatever reason, drives nobody out. Until both are full members it is not settled who was first; it is said again.
     */
    void namesake(DirectoryEntry other) {
        if (!directory.isFull(other.place()) || !directory.isFull(here)) {
            return;
        }
        if (directory.isOlder(other.place(), here)) {
            node.namesake(other.control());
        } else {
            // Who has heard of the other one first has not this one any more when that one goes.
            confirmed.clear();
        }
    }
}
