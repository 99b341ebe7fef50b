package io.murmuration.cluster.local;

import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.config.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;

/**
 * Who does what in a cluster on one machine. The first nodes lead and train, so that one of three may be lost; the others
 * compute, and where these have fewer than two shards for each stage, all do.
 *
 * @param stages slices of the model
 * @param replicas shards of a stage that the run waits for when it begins; who is more joins
 */
record LocalPlan(List<Planned> nodes, int coordinators, int stages, int replicas) {

    /** More than a machine for development can carry. */
    static final int MOST_NODES = 64;

    private static final int USUAL_COORDINATORS = 3;
    private static final int SPARE = 2;
    private static final String HOST = "127.0.0.1";

    /**
     * A node, its roles and its ports on loopback.
     *
     * @param host where it listens and the others find it
     * @param flags of its JVM
     */
    record Planned(String name, List<Role> roles, String host, int control, int data, int http, List<String> flags) {

        String url() {
            return "http://" + HOST + ":" + http;
        }

        private Planned at(LocalFaults.Place place) {
            return new Planned(name, roles, place.host(), place.control(), place.data(), http, place.flags());
        }

        boolean coordinates() {
            return roles.contains(Role.COORDINATOR);
        }
    }

    LocalPlan {
        nodes = List.copyOf(nodes);
    }

    /**
     * @param nodes processes
     * @param shards on each node that computes
     * @param wanted stages, if there are so many shards
     * @param ports free ones, one after the other
     */
    static LocalPlan of(int nodes, int shards, int wanted, IntSupplier ports) {
        if (nodes < 1 || nodes > MOST_NODES) {
            throw new UserError("--nodes " + nodes + ": expected 1 to " + MOST_NODES);
        }
        int leading = nodes >= USUAL_COORDINATORS ? USUAL_COORDINATORS : 1;
        boolean apart = (nodes - leading) * shards >= SPARE * wanted && nodes - leading >= SPARE;
        int computing = (apart ? nodes - leading : nodes) * shards;
        int stages = Math.min(wanted, computing);
        List<Planned> planned = new ArrayList<>();
        for (int number = 1; number <= nodes; number++) {
            List<Role> roles = new ArrayList<>();
            if (number <= leading) {
                roles.addAll(List.of(Role.COORDINATOR, Role.TRAINER));
            }
            if (number > leading || !apart) {
                roles.add(Role.SHARD);
            }
            planned.add(new Planned(
                    "node-" + number,
                    List.copyOf(roles),
                    HOST,
                    ports.getAsInt(),
                    ports.getAsInt(),
                    ports.getAsInt(),
                    List.of()));
        }
        return new LocalPlan(planned, leading, stages, computing / stages);
    }

    /** The same nodes in other places. */
    LocalPlan at(Function<String, LocalFaults.Place> places) {
        return new LocalPlan(
                nodes.stream().map(node -> node.at(places.apply(node.name()))).toList(),
                coordinators,
                stages,
                replicas);
    }

    /** Nodes that lead must see each other in this number. */
    int quorum() {
        return coordinators / 2 + 1;
    }

    /** What makes a process this node, as {@code key=value}. */
    List<String> settings(Planned node, Path folder) {
        String seeds = nodes.stream()
                .filter(Planned::coordinates)
                .map(seed -> seed.host() + ":" + seed.control())
                .collect(Collectors.joining(","));
        String roles = node.roles().stream()
                .map(role -> role.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(","));
        return List.of(
                "swarm.stages=" + stages,
                "swarm.replicas=" + replicas,
                "swarm.trainers=" + coordinators,
                "node.name=" + node.name(),
                "node.roles=" + roles,
                "node.work=" + folder.resolve(node.name()),
                "node.seeds=" + seeds,
                "node.coordinators=" + coordinators,
                "node.control.host=" + node.host(),
                "node.control.bind-host=" + node.host(),
                "node.control.port=" + node.control(),
                "node.control.bind-port=" + node.control(),
                "node.data.host=" + node.host(),
                "node.data.bind-host=" + node.host(),
                "node.data.port=" + node.data(),
                "node.data.bind-port=" + node.data(),
                "node.tls.authority=",
                "node.tls.certificate=",
                "node.tls.key=",
                "node.http.enabled=true",
                "node.http.host=" + HOST,
                "node.http.port=" + node.http(),
                "node.http.token=");
    }
}
