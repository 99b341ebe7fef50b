package io.murmuration.faults.run;

import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.ComputeMode;
import io.murmuration.faults.scenario.LinkSettings;
import io.murmuration.faults.scenario.Loss;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.Place;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.ScenarioEvent;
import java.util.Map;

/** What a scenario may want of processes and of proxies above the kernel. Whatever else it wants is refused before it begins. */
final class SocketLimits {

    private SocketLimits() {}

    /** @throws UserError for the first thing that cannot be done */
    static void check(Scenario scenario) {
        if (scenario.compute() != ComputeMode.REAL) {
            throw refused(scenario.place("compute"), "compute = cost", "nodes that are processes compute real numbers");
        }
        scenario.groups().forEach(SocketLimits::check);
        check(scenario, "default", scenario.links().defaults());
        scenario.links().byPair().forEach((pair, link) -> check(scenario, pair.toString(), link));
        scenario.events().forEach(SocketLimits::check);
    }

    private static void check(NodeGroup group) {
        if (group.speed() > 1 && group.speed() * group.flops() > NodeGroup.USUAL_FLOPS) {
            throw refused(
                    group.place(),
                    "speed above 1",
                    "a process can be made slower than this machine, not faster (flops says by how much)");
        }
        if (group.uplink().isPresent() || group.downlink().isPresent()) {
            throw refused(
                    group.place(), "uplink and downlink", "a proxy limits each pair of nodes (links), not a node");
        }
        if (group.roles().stream().allMatch(role -> role == NodeRole.VERIFIER)) {
            throw refused(group.place(), "verifier", "nobody verifies yet, and a process wants something to do");
        }
    }

    private static void check(Scenario scenario, String pair, LinkSettings link) {
        if (!link.loss().equals(Loss.NONE) || link.corrupt() != 0 || link.duplicate() != 0 || link.reorder() != 0) {
            throw refused(
                    scenario.place("links." + pair),
                    "loss, corrupt, duplicate or reorder of " + pair,
                    "a proxy passes streams on, so nothing is lost, damaged, doubled or overtaken");
        }
    }

    private static void check(ScenarioEvent event) {
        switch (event.action()) {
            case Action.Clock clock ->
                throw refused(event.place(), "do = clock", "all processes have this machine's clock");
            case Action.Disk(var target, Action.DiskFault fault)
            when fault == Action.DiskFault.FULL ->
                throw refused(event.place(), "fault = full", "a disk of its own for each process needs rights");
            case Action.Link(Map<?, io.murmuration.faults.scenario.LinkChange> changes) -> {
                for (var change : changes.values()) {
                    if (change.loss().isPresent()
                            || change.corrupt().isPresent()
                            || change.duplicate().isPresent()
                            || change.reorder().isPresent()) {
                        throw refused(
                                event.place(),
                                "loss, corrupt, duplicate or reorder with do = link",
                                "a proxy passes streams on, so nothing is lost, damaged, doubled or overtaken");
                    }
                }
            }
            default -> {}
        }
    }

    private static UserError refused(Place place, String what, String why) {
        return new UserError(place + ": " + what + " cannot be done over sockets: " + why);
    }
}
