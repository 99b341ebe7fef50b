package io.murmuration.cluster.node;

import com.typesafe.config.Config;
import java.util.List;
import org.apache.pekko.cluster.ConfigValidation;
import org.apache.pekko.cluster.JoinConfigCompatChecker;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Lets only nodes of the same run and protocol into one Pekko Cluster. Who greets first is told so in words; this is for who
 * does not.
 */
public final class SameRun extends JoinConfigCompatChecker {

    static final String RUN = "murmuration-node.run";
    static final String PROTOCOL = "murmuration-node.protocol";

    @Override
    public Seq<String> requiredKeys() {
        return CollectionConverters.asScala(List.of(RUN, PROTOCOL)).toSeq();
    }

    @Override
    public ConfigValidation check(Config theirs, Config ours) {
        return JoinConfigCompatChecker.fullMatch(requiredKeys(), theirs, ours);
    }
}
