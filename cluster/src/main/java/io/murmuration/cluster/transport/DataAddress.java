package io.murmuration.cluster.transport;

import java.net.InetSocketAddress;

/**
 * Where a node's data plane listens.
 *
 * @param node the node's name, which is also in its certificate
 * @param host a name or an address; it is looked up for each connection, because names move
 */
public record DataAddress(String node, String host, int port) {

    InetSocketAddress unresolved() {
        return InetSocketAddress.createUnresolved(host, port);
    }

    @Override
    public String toString() {
        return node + " at " + host + ":" + port;
    }
}
