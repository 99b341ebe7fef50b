package io.murmuration.cluster.membership;

import io.murmuration.cluster.membership.DowningRule.Decision;
import io.murmuration.cluster.membership.DowningView.Seat;
import io.murmuration.cluster.membership.DowningView.Standing;
import java.time.Duration;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.pekko.actor.AbstractActorWithTimers;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.AddressFromURIString;
import org.apache.pekko.actor.Props;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.Reachability;
import org.apache.pekko.cluster.UniqueAddress;
import org.apache.pekko.remote.artery.ThisActorSystemQuarantinedEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Tells Pekko Cluster which nodes are down, as {@link DowningRule} decides when {@link DowningWatch} says so. One on every node;
 * the node that the decision names carries it out.
 *
 * <p>Who misses whom and who has seen which gossip Pekko publishes like everything else, but says it is its own affair
 * (<code>private[cluster]</code>): two messages and a record are read, nothing of its resolver is used. A version in which
 * they are different does not compile.
 *
 * <p>It owns nothing that others need. If it fails, Pekko ends the node's membership with it, for without it nobody would decide.
 */
final class QuorumDowning extends AbstractActorWithTimers {

    private static final Logger LOG = LoggerFactory.getLogger(QuorumDowning.class);

    /** Pause between two looks: what a decision may come late. As Pekko's gossip, before which nothing new is known. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    private enum Look {
        NOW
    }

    private final Cluster cluster = Cluster.get(getContext().getSystem());
    private final Duration stableAfter;
    private final DowningWatch watch;

    private QuorumDowning(int quorum, Duration stableAfter) {
        this.stableAfter = stableAfter;
        watch = new DowningWatch(place(cluster.selfUniqueAddress()), quorum, stableAfter, System.nanoTime());
    }

    /**
     * @param quorum coordinators that a part of the cluster needs to go on
     * @param stableAfter how long nothing may have changed
     */
    static Props props(int quorum, Duration stableAfter) {
        return Props.create(QuorumDowning.class, () -> new QuorumDowning(quorum, stableAfter));
    }

    @Override
    public void preStart() {
        cluster.subscribe(
                getSelf(),
                ClusterEvent.initialStateAsEvents(),
                ClusterEvent.MemberEvent.class,
                ClusterEvent.SeenChanged.class,
                ClusterEvent.ReachabilityChanged.class);
        getContext().getSystem().getEventStream().subscribe(getSelf(), ThisActorSystemQuarantinedEvent.class);
        getTimers().startTimerWithFixedDelay(Look.NOW, Look.NOW, LOOK);
    }

    @Override
    public void postStop() {
        cluster.unsubscribe(getSelf());
        getContext().getSystem().getEventStream().unsubscribe(getSelf());
    }

    @Override
    public Receive createReceive() {
        return receiveBuilder()
                .match(ClusterEvent.MemberRemoved.class, event -> removed(event.member()))
                .match(ClusterEvent.MemberEvent.class, event -> member(event.member()))
                .match(ClusterEvent.SeenChanged.class, event -> watch.seen(addresses(event)))
                .match(ClusterEvent.ReachabilityChanged.class, event -> accused(event.reachability()))
                .match(Look.class, look -> look())
                .match(ThisActorSystemQuarantinedEvent.class, this::quarantined)
                .build();
    }

    private void member(Member member) {
        watch.member(place(member.uniqueAddress()), seat(member), System.nanoTime());
    }

    private void removed(Member member) {
        if (member.uniqueAddress().equals(cluster.selfUniqueAddress())) {
            getContext().stop(getSelf());
        } else {
            watch.removed(place(member.uniqueAddress()), System.nanoTime());
        }
    }

    private void accused(Reachability reachability) {
        List<Accusation> all = CollectionConverters.asJava(reachability.records()).stream()
                .filter(record -> !reachability.isReachable(record.observer(), record.subject()))
                .map(record -> new Accusation(place(record.observer()), place(record.subject())))
                .toList();
        if (watch.accused(all, System.nanoTime())) {
            LOG.info(
                    "members that cannot be reached: {}; who is removed is decided when that has not changed for {} ms",
                    watch.missed(),
                    stableAfter.toMillis());
        }
    }

    private void look() {
        watch.due(System.nanoTime()).ifPresent(this::carryOut);
    }

    private void carryOut(Decision decision) {
        DowningView view = watch.view();
        LOG.warn(
                "{}: removing {} of {} members; in touch with {}; who misses whom: {}",
                decision.kind() == DowningRule.Kind.KEEP
                        ? "a quorum of coordinators is in touch with this node"
                        : "no quorum of coordinators can be reached, so this part of the cluster ends",
                decision.down(),
                view.members().size(),
                view.here(),
                view.counted().stream()
                        .map(each -> each.observer() + " -> " + each.subject())
                        .collect(Collectors.joining(", ")));
        Place self = place(cluster.selfUniqueAddress());
        decision.down().stream().filter(place -> !place.equals(self)).forEach(this::down);
        // Last, because it ends this node.
        decision.down().stream().filter(self::equals).forEach(this::down);
    }

    private void down(Place place) {
        cluster.down(AddressFromURIString.parse(place.address()));
    }

    /** Another member will never again take a message from this life, because it has been removed there. */
    private void quarantined(ThisActorSystemQuarantinedEvent event) {
        Place by = new Place(
                event.remoteAddress().address().toString(),
                event.remoteAddress().uid());
        if (watch.view().stays(by)) {
            LOG.warn("{} takes no more messages from this life of the node, so it ends", by);
            cluster.down(cluster.selfAddress());
        }
    }

    private static Place place(UniqueAddress address) {
        return new Place(address.address().toString(), address.longUid());
    }

    private static SortedSet<String> addresses(ClusterEvent.SeenChanged event) {
        return CollectionConverters.asJava(event.seenBy()).stream()
                .map(Address::toString)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Seat seat(Member member) {
        MemberStatus status = member.status();
        Standing standing;
        if (status == MemberStatus.joining()) {
            standing = Standing.JOINING;
        } else if (status == MemberStatus.weaklyUp()) {
            standing = Standing.WEAKLY_UP;
        } else if (status == MemberStatus.exiting()
                || status == MemberStatus.down()
                || status == MemberStatus.removed()) {
            standing = Standing.GOING;
        } else {
            standing = Standing.UP;
        }
        return new Seat(standing, member.hasRole(ClusterGateway.COORDINATOR));
    }
}
