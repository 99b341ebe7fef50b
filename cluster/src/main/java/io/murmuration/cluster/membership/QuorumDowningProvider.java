package io.murmuration.cluster.membership;

import com.typesafe.config.Config;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Props;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.DowningProvider;
import scala.Option;
import scala.concurrent.duration.FiniteDuration;

/**
 * Who decides which nodes are removed, for Pekko, which makes it by the name of its class
 * ({@code pekko.cluster.downing-provider-class}) and passes the system to it.
 */
public final class QuorumDowningProvider extends DowningProvider {

    /** Where the least number of coordinators stands that a part of the cluster needs to go on. */
    public static final String QUORUM = "murmuration-node.downing.quorum";

    /** Where it stands how long nothing may change before it is decided. */
    public static final String STABLE_AFTER = "murmuration-node.downing.stable-after";

    private final ActorSystem system;

    public QuorumDowningProvider(ActorSystem system) {
        this.system = system;
    }

    @Override
    public FiniteDuration downRemovalMargin() {
        return Cluster.get(system).settings().DownRemovalMargin();
    }

    @Override
    public Option<Props> downingActorProps() {
        Config config = system.settings().config();
        int quorum = config.getInt(QUORUM);
        if (quorum < 1) {
            throw new IllegalStateException(QUORUM + " has to be at least 1, and is " + quorum);
        }
        return Option.apply(QuorumDowning.props(quorum, config.getDuration(STABLE_AFTER)));
    }
}
