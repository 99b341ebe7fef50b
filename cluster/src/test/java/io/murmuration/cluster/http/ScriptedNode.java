package io.murmuration.cluster.http;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.cluster.config.HttpSettings;
import io.murmuration.cluster.membership.NodeStatus;
import io.murmuration.cluster.membership.Order;
import io.murmuration.cluster.membership.OrderAnswer;
import io.murmuration.cluster.membership.RunStatus;
import io.murmuration.cluster.transport.NodeIdentity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** A node that answers what it is told to. */
final class ScriptedNode implements NodeApi {

    static final String TOKEN = "0123456789abcdef";

    /** What was ordered, as {@code ORDER} or {@code ORDER of NODE}. */
    final List<String> orders = new ArrayList<>();

    boolean joined = true;
    CompletableFuture<OrderAnswer> answer = CompletableFuture.completedFuture(OrderAnswer.done("as you wish"));

    static HttpSettings settings(String host, Optional<String> token) {
        return new HttpSettings(
                true,
                host,
                0,
                token.map(HttpSettings.Token::new),
                1024,
                Duration.ofMillis(300),
                Duration.ofSeconds(20),
                8);
    }

    @Override
    public NodeStatus status() {
        Roster roster = new Roster(
                new Epoch(2, 7),
                List.of(List.of(Member.of("eu-1:shard", 9_000_000L))),
                List.of(Member.of("eu-1:trainer", 9_000_000L)));
        return new NodeStatus(
                new NodeIdentity("eu-1", 9, "abcd", 1),
                joined ? "taking part" : "joining",
                joined,
                List.of(Role.TRAINER, Role.SHARD),
                Optional.of("eu-1"),
                List.of(
                        new NodeStatus.Seen(
                                "eu-1", 9, "pekko://x", List.of(Role.TRAINER, Role.SHARD), List.of(0), false),
                        new NodeStatus.Seen("eu-2", 4, "pekko://y", List.of(Role.SHARD), List.of(), true)),
                new RunStatus("training", 12, 300, Double.NaN, 1234, 1, roster),
                new NodeStatus.Wire(
                        Map.of(
                                io.murmuration.actors.protocol.DataFrame.Traffic.FORWARD, 5L,
                                io.murmuration.actors.protocol.DataFrame.Traffic.BACKWARD, 6L,
                                io.murmuration.actors.protocol.DataFrame.Traffic.BULK, 7L),
                        99,
                        8,
                        new TreeMap<>(Map.of("marked", 2L))));
    }

    @Override
    public CompletableFuture<OrderAnswer> order(Order order, Optional<String> node) {
        orders.add(order + node.map(name -> " of " + name).orElse(""));
        return answer.copy();
    }
}
