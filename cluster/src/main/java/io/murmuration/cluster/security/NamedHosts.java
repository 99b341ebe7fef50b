package io.murmuration.cluster.security;

import io.murmuration.cluster.config.NodeName;
import io.murmuration.cluster.config.UserError;
import java.net.InetAddress;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A node and where others find it, as in {@code eu-1=eu-1.example.org,192.0.2.7}.
 *
 * @param node its name
 * @param hosts beside its name: names of hosts, or addresses; nothing is looked up
 */
record NamedHosts(String node, List<String> hosts) {

    private static final int MOST_HOSTS = 16;

    private static final Pattern HOST = Pattern.compile("(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(?:\\.[A-Za-z0-9_-]{1,63})*");

    private static final Pattern FOUR = Pattern.compile("\\d{1,3}(?:\\.\\d{1,3}){3}");

    NamedHosts {
        hosts = List.copyOf(hosts);
    }

    /** @throws UserError if it is not of this form */
    static NamedHosts parse(String text) {
        int equals = text.indexOf('=');
        String node = equals < 0 ? text : text.substring(0, equals);
        if (!NodeName.isOne(node)) {
            throw new UserError("expected " + NodeName.EXPECTED + ", got '" + node + "'");
        }
        List<String> hosts =
                equals < 0 ? List.of() : List.of(text.substring(equals + 1).split(",", -1));
        if (hosts.size() > MOST_HOSTS) {
            throw new UserError("expected at most " + MOST_HOSTS + " hosts for " + node + ", got " + hosts.size());
        }
        for (String host : hosts) {
            if (!isAddress(host) && !HOST.matcher(host).matches()) {
                throw new UserError("expected NAME or NAME=HOST,... with names of hosts and addresses, such as"
                        + " eu-1=eu-1.example.org,192.0.2.7, got '" + text + "'");
            }
        }
        return new NamedHosts(node, hosts);
    }

    /** Whether it is an address as it stands, and no name. */
    static boolean isAddress(String host) {
        // Java also takes 7 and 1.2 for addresses, which are names of nodes here.
        if (!host.contains(":") && !FOUR.matcher(host).matches() || host.contains("%")) {
            return false;
        }
        try {
            InetAddress.ofLiteral(host);
            return true;
        } catch (IllegalArgumentException e) {
            return false; // a name, then
        }
    }
}
