package io.murmuration.cluster.serialization;

import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.membership.ClusterMessage;
import io.murmuration.cluster.membership.DirectoryEntry;
import io.murmuration.cluster.membership.Order;
import io.murmuration.cluster.membership.OrderAnswer;
import io.murmuration.cluster.membership.RunEnding;
import io.murmuration.cluster.membership.RunStatus;
import io.murmuration.cluster.membership.RunWish;
import io.murmuration.cluster.transport.NodeIdentity;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What travels between two nodes beside the messages of the protocol in {@link WireTypes}, with numbers that are given once
 * and for all.
 */
final class ClusterTypes {

    /** Both tables, in order of their numbers. */
    static final SortedMap<Integer, Class<?>> TABLE = table();

    private ClusterTypes() {}

    private static SortedMap<Integer, Class<?>> table() {
        SortedMap<Integer, Class<?>> table = new TreeMap<>(WireTypes.TABLE);
        // What messages are made of.
        table.put(700, NodeIdentity.class);
        table.put(701, Role.class);
        table.put(702, RunEnding.class);
        table.put(703, RunStatus.class);
        table.put(704, DirectoryEntry.class);
        table.put(705, Order.class);
        table.put(706, OrderAnswer.Outcome.class);
        table.put(707, OrderAnswer.class);
        table.put(708, RunWish.class);
        // First contact: their components never change.
        table.put(750, ClusterMessage.Greeting.class);
        table.put(751, ClusterMessage.Welcome.class);
        table.put(752, ClusterMessage.TurnedAway.class);
        // Within a cluster.
        table.put(800, ClusterMessage.Carried.class);
        table.put(801, ClusterMessage.Announced.class);
        table.put(802, ClusterMessage.Heard.class);
        table.put(803, ClusterMessage.PortRefused.class);
        table.put(804, ClusterMessage.Told.class);
        table.put(805, ClusterMessage.Ordered.class);
        table.put(806, ClusterMessage.Answered.class);
        return Collections.unmodifiableSortedMap(table);
    }
}
